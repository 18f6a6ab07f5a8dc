"""What a resource is called, so that another logical id alone does not make it another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from assembly.text import plain

_NAMES: Final = (
    *("RoleName", "UserName", "GroupName", "ManagedPolicyName"),
    *("FunctionName", "BucketName", "QueueName", "TopicName"),
)


def named(logical_id: str, template: Mapping[str, Any]) -> str:
    """Its own name, where the template gives one, else `<LogicalId>`."""
    properties = template.get("Resources", {}).get(logical_id, {}).get("Properties") or {}
    names = [plain(properties[key]) for key in _NAMES if key in properties]
    return names[0] if names and isinstance(names[0], str) else f"<{logical_id}>"


def referred(value: Any, template: Mapping[str, Any]) -> str:
    """What a Ref or Fn::GetAtt means, by its name; any other value as text."""
    match value:
        case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), *_]}:
            return named(logical_id, template)
    return str(plain(value))


def holders(template: Mapping[str, Any]) -> set[str]:
    """Everything that could have a policy, by its name."""
    return {named(logical_id, template) for logical_id in template.get("Resources", {})}
