"""The templates of one application stage each, synthesized once for all tests of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from settings import Environment, Settings
from stages.application import ApplicationStage
from stages.options import ApplicationOptions

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Settings.of_checkout(REPOSITORY)
ENVIRONMENTS = SETTINGS.environments
# Where data may go with its stack, and where the approval leads to.
DISPOSABLE = next(each for each in ENVIRONMENTS if each.disposable)
GUARDED = SETTINGS.guarded


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

    environment: Environment
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


def application(
    environment: Environment, *, options: Mapping[str, object] | None = None, **settings: Any
) -> Application:
    """The stack of an environment, as the pipeline declares it.

    options: the services' own, by service, as in cdk.json. settings: of ApplicationStage.
    """
    return _application(environment, json.dumps(options or {}), **settings)


@cache
def _application(environment: Environment, options: str, **settings: Any) -> Application:
    stage = ApplicationStage(
        cdk.App(),
        environment=environment,
        region=SETTINGS.region,
        smoke_project_role_arn=(
            f"arn:aws:iam::{SETTINGS.tools_account}:role/tap-pipeline-smoke-{environment.name}"
        ),
        options=ApplicationOptions.parse(json.loads(options)),
        **settings,
    )
    (artifact,) = stage.synth().stacks
    return Application(
        environment,
        json.loads(json.dumps(artifact.template)),
        artifact.stack_name,
        bool(artifact.termination_protection),
    )


def plain(value: Any) -> Any:
    """`value` with CloudFormation's joins of literal texts joined, and references named."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(plain(part)) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return f"<{name}>"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
    return value


def as_list(value: Any) -> list[Any]:
    """IAM writes one action or resource without a list."""
    return value if isinstance(value, list) else [value]
