"""A role keeps its template's tags, and `iam:ResourceTag/…` conditions on AssumeRole see them.

AWS evaluates `iam:ResourceTag/<key>` against the tags of the role that is to be assumed ("Actions,
resources, and condition keys for AWS Security Token Service" in the Service Authorization
Reference). MiniStack drops `Tags` of `AWS::IAM::Role` and does not know the key for AssumeRole, so
the condition never holds. CDK's self-mutation may assume only roles tagged
`aws-cdk:bootstrap-role`: without this the pipeline could not update itself.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::IAM::Role"


def install() -> None:
    """Wraps the type's create and update, and the check that every request goes through."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update, enforce = handlers["create"], handlers["update"], iam_evaluator.enforce

    def tagged_create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        name, attributes = create(logical_id, props, stack)
        _tag(name, props)
        return name, attributes

    def tagged_update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str
    ) -> Any:
        name, attributes = update(physical_id, old, new, stack)
        _tag(name, new)
        return name, attributes

    def enforce_with_role_tags(access_key: str, action: str, *more: Any, **about: Any) -> Any:
        if action == "sts:AssumeRole":
            tags = _role_tags(about.get("resource_arn", "*"))
            about["service_context"] = {**(about.get("service_context") or {}), **tags}
        return enforce(access_key, action, *more, **about)

    provisioners._RESOURCE_HANDLERS[_TYPE] = handlers | {
        "create": tagged_create,
        "update": tagged_update,
    }
    iam_evaluator.enforce = enforce_with_role_tags


def _tag(role_name: str, props: dict[str, Any]) -> None:
    iam._roles[role_name]["Tags"] = list(props.get("Tags", []))


def _role_tags(role_arn: str) -> dict[str, str]:
    """The condition keys that the tags of a role, of whichever account, stand for."""
    prefix, _, path = role_arn.partition(":role/")
    account, name = prefix.rpartition(":")[2], path.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name) or {}
    return {f"iam:ResourceTag/{tag['Key']}": tag["Value"] for tag in role.get("Tags", [])}
