"""Which IAM actions CloudFormation needs to deploy an account's templates, and for which types."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from accounts.bootstrap import iam_actions
from accounts.bootstrap.assembly import Account, Resource
from accounts.bootstrap.corrections import CUSTOM_RESOURCE, UNSTATED, WITHHELD
from accounts.bootstrap.unneeded import UNNEEDED

READS_ASSETS: Final = ("AWS::Lambda::Function", "AWS::CloudFormation::Stack")
"""Types whose content CloudFormation fetches from the bootstrap's bucket."""


class UnknownNeedsError(Exception):
    """A resource type states no permissions, and we have stated none for it."""


def needed_actions(account: Account) -> dict[str, frozenset[str]]:
    """Every action with the types that need it.

    Raises UnknownNeedsError: add what the type needs to `exceptions.UNSTATED`, with its source.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for resource in account.resources():
        for action in _actions(resource):
            found[action].add(resource.type)
    if any(_is_ssm(parameter["Type"]) for parameter in account.parameters()):
        # CloudFormation resolves such parameters as the stack's role.
        found["ssm:GetParameters"].add("AWS::SSM::Parameter::Value")
    return {action: frozenset(types) for action, types in found.items()}


def _actions(resource: Resource) -> set[str]:
    if resource.type == "AWS::CDK::Metadata":
        return set()
    if resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        return {CUSTOM_RESOURCE}
    stated = iam_actions.handler_permissions(resource.type) or UNSTATED.get(resource.type)
    if not stated:
        raise UnknownNeedsError(f"{resource.type} ({resource.logical_id}) states no permissions")
    needed = {action for action in stated if iam_actions.exists(action) and action not in WITHHELD}
    if resource.type in READS_ASSETS:
        needed.add("s3:GetObject")
    return {action for action in needed if not _spared(resource, action)}


def _spared(resource: Resource, action: str) -> bool:
    return any(each.covers(resource.type, action, resource.properties) for each in UNNEEDED)


def _is_ssm(parameter_type: str) -> bool:
    return parameter_type.startswith("AWS::SSM::Parameter::Value")
