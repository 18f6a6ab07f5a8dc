"""The most that any role may do which CloudFormation creates in an account.

The boundary names services, not actions: what a role may do in them is its own policy's matter,
reviewed with the code. What it rules out is everything an intruder in the pipeline would add: a
service the application does not use, any change to IAM, another account's resources.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from accounts.bootstrap.account import Account, Bootstrap
from accounts.bootstrap.statements import Grants, Permission, merge
from assembly.text import listed, plain

# AWS managed policies that roles may have, by the services in them (AWS Managed Policy Reference).
MANAGED: Final = {
    "AmazonAPIGatewayPushToCloudWatchLogs": ("logs",),
    "AWSLambdaBasicExecutionRole": ("logs",),
    "AWSCodeDeployRoleForLambda": ("cloudwatch", "codedeploy", "lambda", "s3", "sns"),
    "AWSCodeDeployRoleForLambdaLimited": ("cloudwatch", "codedeploy", "lambda", "s3"),
}
# In these, a whole service would be a way out of the boundary: only the actions that are granted.
_EXACT: Final = ("iam", "sts")
# A whole service here would answer approvals: only what roles read of the pipeline's history.
_READ_ONLY: Final = ("codepipeline",)
_OUR_ROLES: Final = (
    "arn:${AWS::Partition}:iam::*:role/cdk-${Qualifier}-*",
    "arn:${AWS::Partition}:iam::*:role/tap-*",
)
# Some requests name no resource, and so no account that owns it.
_HERE: Final = (("StringEqualsIfExists", "aws:ResourceAccount", "${AWS::AccountId}"),)

# These use keys as whoever calls them: what decrypts an item is the function's role ("How DynamoDB
# uses AWS KMS", "Using server-side encryption with AWS KMS keys" for S3, "Key management" for SQS
# and SNS). The policy of an AWS managed key admits every caller of the account through its service
# ("kms:ViaService", KMS developer guide). Whether a boundary that says nothing of kms then takes
# that away is not documented for such a policy, so the boundary says it.
_KEY_USERS: Final = ("dynamodb", "s3", "sns", "sqs")
_KEY_USE: Final = (
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
)


def grants(bootstrap: Bootstrap) -> Grants:
    """The boundary: the services that the templates' roles use, in this account only."""
    return merge(bootstrap.accounts, _permissions)


def _permissions(account: Account) -> Iterator[Permission]:
    services = granted(account)
    for service in sorted(set(services) - set(_EXACT)):
        whole = () if service in _READ_ONLY else (f"{service}:*",)
        for action in whole or sorted(services[service]):
            yield Permission("WhatTheApplicationUses", action, ("*",), _HERE)
    for action in sorted(action for service in _EXACT for action in services.get(service, ())):
        yield Permission("OurRoles", action, _OUR_ROLES)
    if "kms" not in services:
        for service in sorted(set(services).intersection(_KEY_USERS)):
            via = ("StringEquals", "kms:ViaService", f"{service}.${{AWS::Region}}.amazonaws.com")
            for action in _KEY_USE:
                yield Permission("KeysThroughServices", action, ("*",), _HERE, via)


def granted(account: Account) -> dict[str, set[str]]:
    """The actions that policies of the templates' roles grant, by service."""
    found: dict[str, set[str]] = defaultdict(set)
    for statement in _role_statements(account):
        for action in listed(statement.get("Action", [])):
            found[action.partition(":")[0]].add(action)
    for role in account.resources("AWS::IAM::Role"):
        for arn in role.properties.get("ManagedPolicyArns", []):
            for service in MANAGED[str(plain(arn)).rpartition("/")[2]]:
                found[service].add(f"{service}:*")
    return dict(found)


def _role_statements(account: Account) -> Iterator[dict[str, Any]]:
    for policy in account.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        yield from allowing(policy.properties["PolicyDocument"])
    for role in account.resources("AWS::IAM::Role"):
        for policy in role.properties.get("Policies", []):
            yield from allowing(policy["PolicyDocument"])


def allowing(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The document's statements that grant something."""
    return [each for each in listed(document["Statement"]) if each["Effect"] == "Allow"]
