"""A nested stack that is deleted leaves what its template says is kept.

AWS deletes a nested stack with its parent, and heeds the `DeletionPolicy` of its resources:
`Retain` keeps one, `RetainExceptOnCreate` too, unless a creation is rolled back ("DeletionPolicy
attribute", AWS CloudFormation User Guide). MiniStack heeds it in top-level stacks only, so a prod
that was removed would have kept half of its data here.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::CloudFormation::Stack"


def install() -> None:
    """Takes what stays out of a nested stack before that is deleted."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    original = handlers["delete"]

    def delete(physical_id: str, props: dict[str, Any]) -> Any:
        name = provisioners._nested_stack_lookup_name(physical_id)
        if stack := cloudformation._stacks.get(name):
            keeping = {"Retain"} if _rolls_back(physical_id) else {"Retain", "RetainExceptOnCreate"}
            declared = (stack.get("_template") or {}).get("Resources", {})
            stack["_resources"] = {
                logical_id: resource
                for logical_id, resource in stack.get("_resources", {}).items()
                if declared.get(logical_id, {}).get("DeletionPolicy") not in keeping
            }
        return original(physical_id, props)

    provisioners._RESOURCE_HANDLERS[_TYPE] = handlers | {"delete": delete}


def _rolls_back(nested: str) -> bool:
    """Whether the parent takes back its own creation."""
    return any(
        stack.get("StackStatus") == "ROLLBACK_IN_PROGRESS"
        for stack in cloudformation._stacks.values()
        if any(each.get("PhysicalResourceId") == nested for each in stack["_resources"].values())
    )
