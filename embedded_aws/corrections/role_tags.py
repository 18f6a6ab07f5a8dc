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

from embedded_aws.registry import after_each


def install() -> None:
    """Tags each role that CloudFormation makes or updates, and lets every check see the tags."""
    enforce = iam_evaluator.enforce

    def enforce_with_role_tags(access_key: str, action: str, *more: Any, **about: Any) -> Any:
        if action == "sts:AssumeRole":
            tags = _role_tags(about.get("resource_arn", "*"))
            about["service_context"] = {**(about.get("service_context") or {}), **tags}
        return enforce(access_key, action, *more, **about)

    after_each("AWS::IAM::Role", _tag)
    iam_evaluator.enforce = enforce_with_role_tags


def _tag(role_name: str, props: dict[str, Any]) -> None:
    iam._roles[role_name]["Tags"] = list(props.get("Tags", []))


def _role_tags(role_arn: str) -> dict[str, str]:
    """The condition keys that the tags of a role, of whichever account, stand for."""
    prefix, _, path = role_arn.partition(":role/")
    account, name = prefix.rpartition(":")[2], path.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name) or {}
    return {f"iam:ResourceTag/{tag['Key']}": tag["Value"] for tag in role.get("Tags", [])}
