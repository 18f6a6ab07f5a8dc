"""The most that any role may do which CloudFormation creates in an account.

The boundary names services, not actions: what a role may do in them is its own policy's matter,
reviewed with the code. What it rules out is everything an intruder in the pipeline would add: a
service the application does not use, any change to IAM, another account's resources.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from accounts.bootstrap.assembly import Account, listed, plain

# AWS managed policies that roles may have, by the services in them (AWS Managed Policy Reference).
MANAGED: Final = {
    "AmazonAPIGatewayPushToCloudWatchLogs": ("logs",),
    "AWSLambdaBasicExecutionRole": ("logs",),
    "AWSCodeDeployRoleForLambda": ("cloudwatch", "codedeploy", "lambda", "s3", "sns"),
    "AWSCodeDeployRoleForLambdaLimited": ("cloudwatch", "codedeploy", "lambda", "s3"),
}
# In these, a whole service would be a way out of the boundary: only the actions that are granted.
_EXACT: Final = ("iam", "sts")
_OUR_ROLES: Final = (
    "arn:${AWS::Partition}:iam::*:role/cdk-${Qualifier}-*",
    "arn:${AWS::Partition}:iam::*:role/tap-*",
)


def statements(account: Account) -> list[dict[str, Any]]:
    """The boundary: the services that the templates' roles use, in this account only."""
    services = sorted(set(granted(account)) - set(_EXACT))
    result: list[dict[str, Any]] = [
        {
            "Sid": "WhatTheApplicationUses",
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in services],
            "Resource": "*",
            # Some requests name no resource, and so no account that owns it.
            "Condition": {
                "StringEqualsIfExists": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}
            },
        }
    ]
    exact = sorted(action for service in _EXACT for action in granted(account).get(service, ()))
    if exact:
        resources = [{"Fn::Sub": pattern} for pattern in _OUR_ROLES]
        result.append(
            {"Sid": "OurRoles", "Effect": "Allow", "Action": exact, "Resource": resources}
        )
    return result


def granted(account: Account) -> dict[str, set[str]]:
    """The actions that policies of the templates' roles grant, by service."""
    found: dict[str, set[str]] = defaultdict(set)
    for statement in _role_statements(account):
        for action in listed(statement.get("Action", [])):
            found[action.partition(":")[0]].add(action)
    for role in account.resources("AWS::IAM::Role"):
        for arn in role.properties.get("ManagedPolicyArns", []):
            for service in MANAGED[plain(arn).rpartition("/")[2]]:
                found[service].add(f"{service}:*")
    return dict(found)


def _role_statements(account: Account) -> Iterator[dict[str, Any]]:
    for policy in account.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        yield from allowing(policy.properties["PolicyDocument"])
    for role in account.resources("AWS::IAM::Role"):
        for policy in role.properties.get("Policies", []):
            yield from allowing(policy["PolicyDocument"])


def allowing(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return [each for each in listed(document["Statement"]) if each["Effect"] == "Allow"]
