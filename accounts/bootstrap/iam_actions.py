"""Which IAM actions CloudFormation needs to deploy an account's templates.

The resource types say so themselves: cfn-lint carries the CloudFormation registry's schemas, in
which each lists the permissions that its handlers need ("handlers", CloudFormation CLI user guide,
"Resource type schema"), and the Service Authorization Reference's actions. Both work offline, and
are as old as the cfn-lint that is locked. `corrections.py` has what we know better.
"""

from __future__ import annotations

import json
from collections import defaultdict
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any, Final

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

from accounts.bootstrap.account import Account
from accounts.bootstrap.corrections import CUSTOM_RESOURCE, UNSTATED, WITHHELD
from accounts.bootstrap.unneeded import UNNEEDED
from assembly.templates import Resource

READS_ASSETS: Final = ("AWS::Lambda::Function", "AWS::CloudFormation::Stack")
"""Types whose content CloudFormation fetches from the bootstrap's bucket."""

CONTENT: Final = (
    *("cloudformation:GetTemplate", "dynamodb:BatchGetItem", "dynamodb:GetItem"),
    *("dynamodb:GetRecords", "kinesis:GetRecords", "lambda:GetFunction", "lambda:GetLayerVersion"),
    *("logs:GetLogEvents", "s3:GetObject*", "s3:ListBucket*", "secretsmanager:GetSecretValue"),
    "ssm:GetParameter*",
)
"""Reads of what is stored, be it data or code; all others read settings."""

_REGION: Final = "us-west-2"
_READS: Final = ("Get", "List", "Describe", "BatchGet")
# API Gateway's actions are called as HTTP's methods are.
_READING: Final = (*_READS, "GET")


class UnknownNeedsError(Exception):
    """A resource type states no permissions, and we have stated none for it."""


def needed_actions(account: Account) -> dict[str, frozenset[str]]:
    """Every action with the types that need it.

    Raises UnknownNeedsError: add what the type needs to `corrections.UNSTATED`, with its source.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for resource in account.resources():
        for action in _actions(resource):
            found[action].add(resource.type)
    if any(_is_ssm(parameter["Type"]) for parameter in account.parameters()):
        # CloudFormation resolves such parameters as the stack's role.
        found["ssm:GetParameters"].add("AWS::SSM::Parameter::Value")
    return {action: frozenset(types) for action, types in found.items()}


def reading_actions(account: Account) -> frozenset[str]:
    """What reading the account's resources needs, as far as it reads: handlers ask for more.

    Some want to decrypt, to pass a role, to write a metric: nothing that says how a thing is set
    up.
    """
    stated = (
        action
        for resource_type in {resource.type for resource in account.resources()}
        for action in handler_permissions(resource_type, "read") or ()
    )
    return frozenset(
        action
        for action in stated
        if exists(action) and action.partition(":")[2].startswith(_READING)
    )


def reads_settings(action: str) -> bool:
    """Whether the action reads how something is set up, and nothing that is stored in it.

    Handlers read all of a resource's settings, whether a template sets them or not, and list what
    is there to find it. Such a request may name no resource, or none of ours.
    """
    name = action.partition(":")[2]
    return name.startswith(_READS) and not any(fnmatchcase(action, each) for each in CONTENT)


def exists(action: str) -> bool:
    """Whether IAM knows `service:Action`; a wildcard must match at least one."""
    service, _, name = action.lower().partition(":")
    known = _catalogue().get(service, {})
    if name.endswith("*"):
        return any(each.startswith(name[:-1]) for each in known)
    return name in known


def has_resources(action: str) -> bool:
    """Whether a policy may name what `action` applies to; else it must say `*`."""
    service, _, name = action.lower().partition(":")
    if name.endswith("*"):
        return True
    return bool((_catalogue()[service][name] or {}).get("Resources"))


@cache
def handler_permissions(resource_type: str, only: str | None = None) -> frozenset[str] | None:
    """The actions that the type's handlers call, or one of them; None for a type that states none.

    only: create, read, update, delete or list.
    """
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, resource_type).schema
    except ResourceNotFoundError:
        return None
    handlers = schema.get("handlers")
    if not handlers:
        return None
    return frozenset(
        permission
        for name, handler in handlers.items()
        for permission in handler["permissions"]
        if only in (None, name)
    )


def _actions(resource: Resource) -> set[str]:
    if resource.type == "AWS::CDK::Metadata":
        return set()
    if resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        return {CUSTOM_RESOURCE}
    stated = handler_permissions(resource.type) or frozenset()
    stated |= frozenset(UNSTATED.get(resource.type, ()))
    if not stated:
        raise UnknownNeedsError(f"{resource.type} ({resource.logical_id}) states no permissions")
    needed = {action for action in stated if exists(action) and action not in WITHHELD}
    if resource.type in READS_ASSETS:
        needed.add("s3:GetObject")
    return {action for action in needed if reads_settings(action) or not _spared(resource, action)}


def _spared(resource: Resource, action: str) -> bool:
    return any(each.covers(resource.type, action, resource.properties) for each in UNNEEDED)


def _is_ssm(parameter_type: str) -> bool:
    return parameter_type.startswith("AWS::SSM::Parameter::Value")


@cache
def _catalogue() -> dict[str, Any]:
    text = resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    return {service: content["Actions"] for service, content in json.loads(text).items()}
