"""The templates of one application stage each, synthesized once for all tests of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import aws_cdk as cdk

from stages.application import ApplicationStage

ACCOUNTS = {"dev": "222222222222", "prod": "333333333333"}


@dataclass(frozen=True)
class Resource:
    """One resource of a template: its logical id, type, properties and the whole declaration."""

    logical_id: str
    type: str
    properties: dict[str, Any]
    declaration: dict[str, Any]


@dataclass(frozen=True)
class Application:
    """One environment's stack as CloudFormation gets it."""

    environment: str
    template: dict[str, Any]
    stack_name: str
    termination_protection: bool

    def resources(self, kind: str = "AWS::") -> Iterator[Resource]:
        """All resources of one type, or of one service for a `kind` that ends with "::"."""
        for logical_id, declaration in self.template["Resources"].items():
            of_kind = declaration["Type"] == kind
            if of_kind or (kind.endswith("::") and declaration["Type"].startswith(kind)):
                properties = declaration.get("Properties", {})
                yield Resource(logical_id, declaration["Type"], properties, declaration)

    def only(self, kind: str) -> Resource:
        (resource,) = self.resources(kind)
        return resource

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every statement of every inline policy, with the logical id of its policy."""
        for policy in self.resources("AWS::IAM::Policy"):
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                yield policy.logical_id, statement


@cache
def application(environment: str, **settings: Any) -> Application:
    """The stack of an environment, as the pipeline declares it."""
    app = cdk.App()
    stage = ApplicationStage(
        app,
        environment.capitalize(),
        environment=environment,
        disposable=environment == "dev",
        smoke_project_role_arn=f"arn:aws:iam::111111111111:role/tap-pipeline-smoke-{environment}",
        env=cdk.Environment(account=ACCOUNTS[environment], region="us-west-2"),
        **settings,
    )
    (artifact,) = stage.synth().stacks
    return Application(
        environment,
        json.loads(json.dumps(artifact.template)),
        artifact.stack_name,
        bool(artifact.termination_protection),
    )


def as_list(value: Any) -> list[Any]:
    """IAM writes one action or resource without a list."""
    return value if isinstance(value, list) else [value]
