"""Nobody gets a version of a function that no deployment has checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assembly.templates import Resource, Template
from assembly.text import references
from gates.delivery import Delivery
from gates.registry import rule

_POLICY: Final = "CodeDeployLambdaAliasUpdate"


@rule(
    "TAP-506",
    why="whoever invokes the function gets each new version at once, before anything has asked it, "
    "and a deployment that fails does not take it back",
    fix="release the function (services/common/infrastructure/rollout.py) and invoke its alias",
)
def functions_are_invoked_by_aliases_that_deployments_move(
    delivery: Delivery,
) -> Iterator[tuple[Resource, str]]:
    for template in _of_environments(delivery):
        functions = {each.logical_id for each in template.resources("AWS::Lambda::Function")}
        for permission in template.resources("AWS::Lambda::Permission"):
            if functions.intersection(references(permission.properties.get("FunctionName"))):
                yield permission, "names the function and no alias"
        for alias in template.resources("AWS::Lambda::Alias"):
            if _POLICY not in alias.declaration.get("UpdatePolicy", {}):
                yield alias, "moves without a deployment"


def _of_environments(delivery: Delivery) -> Iterator[Template]:
    """The application's: what runs in tools serves nobody, and changes with the pipeline."""
    for environment in delivery.intended.environments:
        yield from delivery.assembly.in_account(environment.account)
