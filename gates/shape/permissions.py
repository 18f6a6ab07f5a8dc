"""Who may do what: every role of a stack with all the statements that reach it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from assembly.pipeline import Stack
from assembly.plain import listed, plain

ROLE = "AWS::IAM::Role"
POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
# Types that hold a resource's own policy, and where in their properties it stands.
RESOURCE_POLICIES = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::KMS::ReplicaKey": "KeyPolicy",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SNS::TopicInlinePolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SQS::QueueInlinePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::ApiGateway::RestApi": "Policy",
    "AWS::Events::EventBusPolicy": "Statement",
    "AWS::DynamoDB::GlobalTable": "ResourcePolicy",
    "AWS::DynamoDB::Table": "ResourcePolicy",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
}


@dataclass(frozen=True)
class Role:
    """A role: trust and permissions as statements whose expressions are plain text.

    arn: `<LogicalId.Arn>`, as other resources of its template name it.
    """

    stack: Stack
    logical_id: str
    properties: dict[str, Any]
    statements: list[dict[str, Any]]

    @property
    def arn(self) -> str:
        return f"<{self.logical_id}.Arn>"

    @property
    def where(self) -> str:
        return f"role {self.properties.get('RoleName', self.logical_id)} of {self.stack.name}"

    @property
    def trust(self) -> list[dict[str, Any]]:
        return statements(self.properties.get("AssumeRolePolicyDocument"))

    @property
    def managed(self) -> list[str]:
        return [str(plain(arn)) for arn in listed(self.properties.get("ManagedPolicyArns"))]

    def allows(self, action: str) -> Iterator[str]:
        """The resources on which a statement allows `action`; "*" from a `NotResource`.

        Nothing when the action is denied on every resource, come what may.
        """
        if any(_denies(statement, action) for statement in self.statements):
            return
        for statement in self.statements:
            if statement.get("Effect") == "Allow" and grants(statement, action):
                yield from (str(each) for each in listed(statement.get("Resource", "*")))


def _denies(statement: dict[str, Any], action: str) -> bool:
    return (
        statement.get("Effect") == "Deny"
        and listed(statement.get("Resource")) == ["*"]
        and "Condition" not in statement
        and grants(statement, action)
    )


def grants(statement: dict[str, Any], action: str) -> bool:
    """Does the statement name `action`? IAM matches actions without regard to case."""
    if "NotAction" in statement:
        excepted = listed(statement["NotAction"])
        return not any(fnmatchcase(action.lower(), str(each).lower()) for each in excepted)
    named = listed(statement.get("Action"))
    return any(fnmatchcase(action.lower(), str(each).lower()) for each in named)


def statements(document: Any) -> list[dict[str, Any]]:
    """A policy document's statements; an expression in its place is one that nobody knows."""
    if document is None:
        return []
    text = plain(document)
    if isinstance(text, list):
        return text
    if isinstance(text, str):
        text = json.loads(text)
    return listed(text.get("Statement", text))


def roles(stack: Stack) -> list[Role]:
    """Every role that `stack` makes, with its inline and attached policies."""
    return [
        Role(stack, logical_id, each.get("Properties", {}), _of_role(stack, logical_id, each))
        for logical_id, each in stack.resources(ROLE)
    ]


def role_of(stack: Stack, reference: str) -> Role | None:
    """The role that `reference`, `<LogicalId.Arn>` or an ARN with its name, stands for."""
    for role in roles(stack):
        name = role.properties.get("RoleName")
        if reference == role.arn or (name and reference.endswith(f":role/{name}")):
            return role
    return None


def _of_role(stack: Stack, logical_id: str, role: dict[str, Any]) -> list[dict[str, Any]]:
    properties = role.get("Properties", {})
    names = (f"<{logical_id}>", properties.get("RoleName"))
    inline = listed(plain(properties.get("Policies")))
    documents = [policy.get("PolicyDocument", {"Statement": policy}) for policy in inline]
    for _, policy in stack.resources(*POLICIES):
        body = policy.get("Properties", {})
        attached = [*listed(body.get("Roles")), body.get("RoleName")]
        if any(plain(each) in names for each in attached if each is not None):
            documents.append(body.get("PolicyDocument"))
    return [statement for document in documents for statement in statements(document)]
