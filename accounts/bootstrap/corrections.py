"""Where what a resource type says it needs is not what our templates need, and why.

A handler lists what any use of the type may need. An `Unneeded` takes away what only a property
that we do not set needs (they are listed in `unneeded.py`): the moment a template sets it, the
action is needed again. Reads of settings are never taken away: handlers read what nobody set.
`WITHHELD` are refused whatever a template says. `UNSTATED` is what types need and do not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final


@dataclass(frozen=True)
class Unneeded:
    """Actions (`*` is free) of a type that only matter where one of these properties is set."""

    type: str
    actions: tuple[str, ...]
    properties: tuple[str, ...]
    reason: str

    def covers(self, resource_type: str, action: str, properties: dict[str, Any]) -> bool:
        """Whether a resource of this type and properties can do without the action."""
        matches = any(fnmatchcase(action, pattern) for pattern in self.actions)
        if resource_type != self.type or not matches:
            return False
        return not any(mentions(properties, name) for name in self.properties)


def mentions(value: Any, name: str) -> bool:
    """Whether the property occurs anywhere; `Replicas.1` asks for a second element."""
    name, _, index = name.partition(".")
    if isinstance(value, dict):
        found = value.get(name)
        if found is not None and (not index or len(found) > int(index)):
            return True
        full = f"{name}.{index}" if index else name
        return any(mentions(each, full) for each in value.values())
    return isinstance(value, list) and any(mentions(each, name) for each in value)


WITHHELD: Final = {
    "iam:DeleteRolePermissionsBoundary": "a template could shed the boundary of what it creates",
}
"""Actions refused to every template, with the reason."""

UNSTATED: Final = {
    # API Gateway makes its service-linked role with the first API of an account ("Using
    # service-linked roles for API Gateway", API Gateway developer guide).
    "AWS::ApiGateway::RestApi": ("iam:CreateServiceLinkedRole",),
    # "Actions, resources, and condition keys for AWS CodeBuild", Service Authorization Reference.
    "AWS::CodeBuild::Project": (
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:DeleteProject",
        "codebuild:UpdateProject",
        "iam:PassRole",
    ),
    # The type states the old prefix only. A connection's ARN has either, the console makes the new
    # one since July 2024, and the action's prefix must be the ARN's ("Connections rename - Summary
    # of changes", Developer Tools console user guide).
    "AWS::CodePipeline::Pipeline": ("codeconnections:PassConnection",),
}
"""What types need beyond what they state, or without stating anything."""

SERVICE_LINKED: Final = {
    "AWS::ApiGateway::RestApi": "ops.apigateway.amazonaws.com",
    # "Using service-linked roles with DynamoDB", DynamoDB developer guide.
    "AWS::DynamoDB::GlobalTable": "replication.dynamodb.amazonaws.com",
    "AWS::DynamoDB::Table": "replication.dynamodb.amazonaws.com",
}
"""Whose service-linked role a type that needs iam:CreateServiceLinkedRole makes."""

CUSTOM_RESOURCE: Final = "lambda:InvokeFunction"
"""CloudFormation calls a custom resource's function as the stack's role ("Custom resources",
CloudFormation user guide)."""
