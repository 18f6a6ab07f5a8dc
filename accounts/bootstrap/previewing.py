"""The role that looks at an environment before a release is let into it, and changes nothing.

It belongs to the account's owner, not to the application's stack: a role of a stack would need
CloudFormation's actions within the permissions boundary, and whoever has those within the boundary
can have a stack updated with CloudFormation's own rights. The bootstrap's lookup role would have
`ReadOnlyAccess`: all data of the account.

What it may: read alarms and stacks, make change sets of our stacks and delete them, under names of
its own only, so that none is ever taken for one that the pipeline executes; read settings, by the
policy that lets CloudFormation read them, as drift detection does as its caller ("Detect unmanaged
configuration changes to stacks and resources with drift detection", CloudFormation user guide);
place templates that are too long for a call. Actions and condition keys: Service Authorization
Reference, "AWS CloudFormation".
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from accounts.bootstrap import scope
from accounts.bootstrap.account import Bootstrap
from accounts.bootstrap.statements import Permission, merge

LOGICAL_ID: Final = "PreviewRole"
PART: Final = "preview-role"
# Names of change sets begin so; promotion.preview makes them.
CHANGE_SETS: Final = "promotion-*"
_LIKE: Final = "FilePublishingRole"
_ANYWHERE: Final = (
    # For the bake time. A narrower grant shows less than asked for ("DescribeAlarms", Amazon
    # CloudWatch API Reference).
    "cloudwatch:DescribeAlarms",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStacks",
    "cloudformation:ListImports",
)
_OUR_STACKS: Final = (
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
)
_CHANGE_SETS: Final = ("cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet")
_PLACED: Final = scope.ASSETS.removesuffix("*") + "promotion/*"


def add_role(template: dict[str, Any], bootstrap: Bootstrap, reads: list[str]) -> None:
    """Adds the role, taken from tools alone, as CDK's publishing role is from there. reads: the
    template's policies, by logical id, that let read settings."""
    may = merge(bootstrap.accounts, lambda _: _permissions(bootstrap.prefix))
    like = template["Resources"][_LIKE]["Properties"]["AssumeRolePolicyDocument"]
    foreign = [deepcopy(each) for each in like["Statement"] if _assumes_from_elsewhere(each)]
    template["Resources"][LOGICAL_ID] = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {
                "Fn::Sub": f"cdk-${{Qualifier}}-{PART}-${{AWS::AccountId}}-${{AWS::Region}}"
            },
            "Description": "Looks at what a release would do: makes change sets, executes none",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": foreign},
            "ManagedPolicyArns": [{"Ref": each} for each in reads],
            "Policies": [
                {
                    "PolicyName": "preview",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": may.statements},
                }
            ],
        },
    }


def _assumes_from_elsewhere(statement: dict[str, Any]) -> bool:
    condition, then, *_ = statement.get("Fn::If", ("", {}))
    return condition == "HasTrustedAccounts" and "sts:AssumeRole" in then["Action"]


def _permissions(prefix: str) -> Iterator[Permission]:
    stacks = (scope.stacks(prefix),)
    yield from (Permission("Stacks", action, ("*",)) for action in _ANYWHERE)
    yield from (Permission("OurStacks", action, stacks) for action in _OUR_STACKS)
    named = (("StringLike", "cloudformation:ChangeSetName", CHANGE_SETS),)
    yield from (Permission("ChangeSets", action, stacks, named) for action in _CHANGE_SETS)
    yield Permission("LongTemplates", "s3:PutObject", (_PLACED,))
    # CloudFormation fetches what a change set names as whoever makes it.
    yield Permission("Templates", "s3:GetObject", (scope.ASSETS,))
    # What else drift detection reads: by an action that hands out code, too, and by none of a name.
    yield Permission("Functions", "lambda:GetFunction", (scope.patterns("lambda", prefix)[0],))
    yield Permission("Apis", "apigateway:GET", tuple(scope.patterns("apigateway", prefix)))
