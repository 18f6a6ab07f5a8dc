"""What the approval lets through: the stacks that the pipeline deploys behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from assembly.pipeline import APPROVES, DEPLOYS, Action, Pipeline
from assembly.templates import Assembly
from promotion.preview import Target
from promotion.report import Running

_PREPARES: Final = "CHANGE_SET_REPLACE"


def of_assembly(assembly: Assembly, commit: str) -> list[Target]:
    """The stacks behind the last approval, in the order in which they are deployed.

    commit: what the parameters are given that take a variable of the source. That is what the
    pipeline tells its stacks; other variables are not known before the deployment.
    """
    return list(_targets(assembly, Pipeline(assembly).actions, commit))


def _targets(assembly: Assembly, actions: Sequence[Action], commit: str) -> Iterator[Target]:
    last = max((a.position for a in actions if a.kind == APPROVES), default=(0, 0))
    for action in actions:
        configuration = action.configuration
        prepares = action.kind == DEPLOYS and configuration.get("ActionMode") == _PREPARES
        if prepares and action.position > last:
            file = str(configuration["TemplatePath"]).partition("::")[2]
            template = next(each for each in assembly.templates if each.file == file)
            yield Target(configuration["StackName"], template, _parameters(configuration, commit))


def _parameters(configuration: dict[str, Any], commit: str) -> dict[str, str]:
    given = json.loads(configuration.get("ParameterOverrides", "{}"))
    return {key: commit if str(value).startswith("#{") else value for key, value in given.items()}


def running(cloudformation: Any, targets: Sequence[Target]) -> Running | None:
    """What runs, by the parameter in which a stack was told its commit; None where nothing does."""
    names = {target.name: target for target in targets}
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    for stack in (stack for page in pages for stack in page["Stacks"]):
        target = names.get(stack["StackName"])
        for row in stack.get("Parameters", []):
            if target and row["ParameterKey"] in target.parameters and row.get("ParameterValue"):
                return Running(row["ParameterValue"])
    return None
