"""The templates of one application stage each, synthesized once for all tests of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk

from settings import Environment, Settings
from stages.application import ApplicationStage
from stages.options import ApplicationOptions
from tests.support.apps import scratch_app

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Settings.of_checkout(REPOSITORY)
ENVIRONMENTS = SETTINGS.environments
# Where data may go with its stack, and where the approval leads to.
DISPOSABLE = next(each for each in ENVIRONMENTS if each.disposable)
GUARDED = SETTINGS.guarded
# The hash of an asset is in its template whether or not the asset is copied beside it.
UNSTAGED = {"aws:cdk:disable-asset-staging": True}
NESTED = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Resource:
    """One resource of a template: its logical id, type, properties and the whole declaration."""

    logical_id: str
    type: str
    properties: dict[str, Any]
    declaration: dict[str, Any]


@dataclass(frozen=True)
class Application:
    """One environment's stack as CloudFormation gets it. nested: templates by construct id."""

    environment: Environment
    template: dict[str, Any]
    stack_name: str
    termination_protection: bool
    nested: Mapping[str, dict[str, Any]]

    def part(self, construct_id: str) -> Application:
        """A nested stack by itself."""
        return replace(self, template=self.nested[construct_id], nested={})

    @property
    def whole(self) -> Application:
        """As if nothing were nested: one template, whose references lead where they end."""
        return replace(self, template=flattened(self.template, self.nested), nested={})

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
        scratch_app(UNSTAGED),
        environment=environment,
        region=SETTINGS.region,
        smoke_project_role_arn=(
            f"arn:aws:iam::{SETTINGS.tools_account}:role/tap-pipeline-smoke-{environment.name}"
        ),
        options=ApplicationOptions.parse(json.loads(options)),
        **settings,
    )
    (artifact,) = stage.synth().stacks
    folder = Path(artifact.template_full_path).parent
    return Application(
        environment,
        json.loads(json.dumps(artifact.template)),
        artifact.stack_name,
        bool(artifact.termination_protection),
        {
            each.node.id: json.loads((folder / each.template_file).read_text())
            for each in stage.node.find_all()
            if isinstance(each, cdk.NestedStack)
        },
    )


def flattened(template: dict[str, Any], nested: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """`template` with the resources of its nested ones, each id with its stack's before it."""
    resources, outputs = {}, {}
    for holder, declaration in template["Resources"].items():
        inner = nested.get(_construct(holder)) if declaration["Type"] == NESTED else None
        if inner is None:
            resources[holder] = declaration
            continue
        references: dict[str, Any] = {
            **{each: {"Ref": f"{_construct(holder)}{each}"} for each in inner["Resources"]},
            **declaration["Properties"].get("Parameters", {}),
        }
        for logical_id, each in inner["Resources"].items():
            resources[f"{_construct(holder)}{logical_id}"] = _resolved(each, references, {})
        for name, output in inner.get("Outputs", {}).items():
            outputs[(holder, f"Outputs.{name}")] = _resolved(output["Value"], references, {})
    whole = {**template, "Resources": resources}
    return cast("dict[str, Any]", _resolved(whole, {}, outputs))


def _resolved(
    value: Any, references: Mapping[str, Any], outputs: Mapping[tuple[str, str], Any]
) -> Any:
    """`value` with ids and parameters, or outputs of nested stacks, replaced."""
    match value:
        case {"Ref": str(name)} if name in references:
            return references[name]
        case {"Fn::GetAtt": [str(name), attribute]} if name in references:
            return {"Fn::GetAtt": [references[name]["Ref"], attribute]}
        case {"Fn::GetAtt": [str(name), str(attribute)]} if (name, attribute) in outputs:
            return outputs[(name, attribute)]
        case dict():
            return {key: _resolved(each, references, outputs) for key, each in value.items()}
        case list():
            return [_resolved(each, references, outputs) for each in value]
    return value


def _construct(holder: str) -> str:
    """The construct id of a nested stack, with which CDK begins its resource's logical id."""
    return holder.partition("NestedStack")[0]


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
