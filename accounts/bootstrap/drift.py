"""The role that looks for what somebody changed by hand in an environment's account.

CloudFormation reads resources as whoever asks for the drift ("Detect unmanaged configuration
changes to stacks and resources with drift detection", CloudFormation user guide: "Considerations").
So the role may read what the types in the templates say that reading them needs, settings by the
policy that lets CloudFormation read them, and change nothing. It belongs to the account's owner, as
everything does that another account may take, and has the bootstrap's own name: nothing that the
pipeline deploys may change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from accounts.bootstrap import iam_actions, scope
from accounts.bootstrap.account import Account, Bootstrap
from accounts.bootstrap.statements import Grants, Permission, merge

LOGICAL_ID: Final = "DriftRole"
KIND: Final = "drift-role"
"""As in the names of the bootstrap's roles: cdk-QUALIFIER-KIND-ACCOUNT-REGION."""

# Both are asked for one look at a stack ("Actions, resources, and condition keys for AWS
# CloudFormation", Service Authorization Reference); the status takes no resource.
_LOOKS: Final = (
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DescribeStacks",
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
    "cloudformation:ListStackResources",
)
_ANYWHERE: Final = (
    "cloudformation:BatchDescribeTypeConfigurations",
    "cloudformation:DescribeStackDriftDetectionStatus",
)


def role(
    bootstrap: Bootstrap, names: list[str], reads: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The role, and the template's conditions that it mentions.

    names: of tools' roles that may take it, with `*` where CloudFormation chose the rest. reads:
    the template's policies, by logical id, that let read settings.
    """
    may = grants(bootstrap)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": {"Ref": "TrustedAccounts"}},
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": [f"arn:*:iam::*:role/{name}" for name in names]}
        },
    }
    looks = {"Version": "2012-10-17", "Statement": may.statements}
    made = {
        "Type": "AWS::IAM::Role",
        "Condition": "HasTrustedAccounts",
        "Properties": {
            "RoleName": {
                "Fn::Sub": f"cdk-${{Qualifier}}-{KIND}-${{AWS::AccountId}}-${{AWS::Region}}"
            },
            "Description": "Looks for what was changed by hand: reads settings, changes nothing",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "ManagedPolicyArns": [{"Ref": each} for each in reads],
            "Policies": [{"PolicyName": "looks", "PolicyDocument": looks}],
        },
    }
    return made, may.conditions


def grants(bootstrap: Bootstrap) -> Grants:
    """What the role may do beside reading settings."""
    return merge(bootstrap.accounts, lambda account: _permissions(account, bootstrap.prefix))


def _permissions(account: Account, prefix: str) -> Iterator[Permission]:
    for action in _LOOKS:
        yield Permission("LooksAtStacks", action, (scope.stacks(prefix),))
    for action in _ANYWHERE:
        yield Permission("FollowsLooks", action, ("*",))
    for action in sorted(iam_actions.reading_actions(account)):
        if not iam_actions.reads_settings(action):
            service = action.partition(":")[0]
            ours = tuple(scope.patterns(service, prefix))
            yield Permission(f"ReadsOurs{service.capitalize()}", action, ours)
