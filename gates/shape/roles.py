"""Who may do what: every role of a stack with all the statements that reach it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from assembly.templates import Resource, Template
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.registry import rule
from settings import CodeCommitSource

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

    template: Template
    logical_id: str
    properties: dict[str, Any]
    statements: list[dict[str, Any]]

    @property
    def arn(self) -> str:
        return f"<{self.logical_id}.Arn>"

    @property
    def where(self) -> str:
        return f"role {self.properties.get('RoleName', self.logical_id)} of {self.template.name}"

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


def roles(template: Template) -> list[Role]:
    """Every role that the template makes, with its inline and attached policies."""
    return [
        Role(template, each.logical_id, each.properties, _of_role(each))
        for each in template.resources(ROLE)
    ]


def role_of(template: Template, reference: str) -> Role | None:
    """The role that `reference`, `<LogicalId.Arn>` or an ARN with its name, stands for."""
    for role in roles(template):
        name = role.properties.get("RoleName")
        if reference == role.arn or (name and reference.endswith(f":role/{name}")):
            return role
    return None


def _of_role(role: Resource) -> list[dict[str, Any]]:
    names = (f"<{role.logical_id}>", role.properties.get("RoleName"))
    inline = listed(plain(role.properties.get("Policies")))
    documents = [policy.get("PolicyDocument", {"Statement": policy}) for policy in inline]
    for policy in role.template.resources(*POLICIES):
        attached = [*listed(policy.properties.get("Roles")), policy.properties.get("RoleName")]
        if any(plain(each) in names for each in attached if each is not None):
            documents.append(policy.properties.get("PolicyDocument"))
    return [statement for document in documents for statement in statements(document)]


# What answers an approval, or goes around one (Service Authorization Reference, "Actions, resources
# and condition keys for AWS CodePipeline").
GOES_AROUND = (
    "codepipeline:PutApprovalResult",
    "codepipeline:OverrideStageCondition",
    "codepipeline:UpdatePipeline",
    "codepipeline:CreatePipeline",
    "codepipeline:EnableStageTransition",
    "codepipeline:RetryStageExecution",
    "codepipeline:RollbackStage",
)
# Takes any commit as its source ("StartPipelineExecution", CodePipeline API reference,
# sourceRevisions). The event of a CodeCommit repository needs it, and nobody else does.
STARTS = "codepipeline:StartPipelineExecution"
BY_EVENTS = {"Effect": "Allow", "Action": "sts:AssumeRole"} | {
    "Principal": {"Service": "events.amazonaws.com"}
}
# Managed policies that hold one of them (AWS Managed Policy Reference Guide).
BROAD = (
    "AdministratorAccess",
    "PowerUserAccess",
    "AWSCodePipeline_FullAccess",
    "AWSCodePipelineApproverAccess",
    "IAMFullAccess",
)


@rule(
    "TAP-405",
    why="a build or a function could answer an approval in a person's place, go around it, or "
    "deliver a commit that nobody pushed",
    fix="name only the actions that the role needs; approvals are answered by people's own roles, "
    "which this repository does not make",
)
def people_approve(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for template in delivery.assembly.templates:
        for role in roles(template):
            events = isinstance(delivery.intended.source, CodeCommitSource)
            starts = [] if events and role.trust == [BY_EVENTS] else [STARTS]
            for action in (*GOES_AROUND, *starts):
                if any(True for _ in role.allows(action)):
                    yield role.where, f"may {action}"
            for arn in role.managed:
                if arn.rpartition("/")[2] in BROAD:
                    yield role.where, f"has {arn}"


@rule(
    "TAP-307",
    why="StartBuild takes any buildspec: who may start a build runs anything as that build's role",
    fix="deny the role codebuild:StartBuild and codebuild:StartBuildBatch on every resource",
)
def builds_start_no_builds(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for build in delivery.pipeline.builds:
        role = role_of(delivery.pipeline.template, build.role)
        for action in ("codebuild:StartBuild", "codebuild:StartBuildBatch"):
            for resource in role.allows(action) if role else ():
                yield build.where, f"may {action} on {resource}"
