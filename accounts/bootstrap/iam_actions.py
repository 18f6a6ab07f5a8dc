"""What IAM and the resource types say of themselves, from the data that cfn-lint ships.

cfn-lint carries the CloudFormation registry's schemas, in which each resource type lists the
permissions that its handlers need ("handlers", CloudFormation CLI user guide, "Resource type
schema"), and the Service Authorization Reference's list of actions. Both work offline, and are as
old as the cfn-lint that is locked.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

_REGION = "us-west-2"


@cache
def _catalogue() -> dict[str, Any]:
    text = resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    return {service: content["Actions"] for service, content in json.loads(text).items()}


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
def handler_permissions(resource_type: str) -> frozenset[str] | None:
    """The actions that the type's handlers call; None for a type that states none."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, resource_type).schema
    except ResourceNotFoundError:
        return None
    handlers = schema.get("handlers")
    if not handlers:
        return None
    return frozenset(
        permission for handler in handlers.values() for permission in handler["permissions"]
    )
