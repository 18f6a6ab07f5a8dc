"""What was reviewed is what will be deployed: nothing in it is decided later, or elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assembly.templates import NESTED, Resource, Template
from assembly.text import references
from gates.delivery import Delivery
from gates.registry import rule

# Macros rewrite a template when it is deployed; AWS::Include reads a part of it from a bucket.
LATE = {"Fn::Transform", "Transform", "Fn::ImportValue", "Fn::GetStackOutput"}
# What puts a text together so that nobody reads it, unless it takes a part of a reference.
PIECES = {"Fn::Select", "Fn::Split", "Fn::Base64", "Fn::ToJsonString", "Fn::Length"}
DYNAMIC = re.compile(r"\{\{resolve:")
# Beside these the pipeline's stack has no parameters: one could be set by whoever deploys it.
PARAMETERS = {"BootstrapVersion"}
# Things that act on their own when deployed, hold long-lived credentials, or decide about other
# stacks.
FORBIDDEN = re.compile(
    r"Custom::.*|AWS::CloudFormation::(?!WaitConditionHandle).*"
    r"|AWS::IAM::(User|Group|AccessKey|UserPolicy|UserToGroupAddition|SAMLProvider|OIDCProvider)"
    r"|AWS::CodeStarConnections::.*|AWS::CodeConnections::.*"
)
# What the CDK's own constructs need in an application: to empty a disposable bucket, and to have a
# bucket tell EventBridge, a queue or a function of its objects.
HELPERS = ("Custom::S3AutoDeleteObjects", "Custom::S3BucketNotifications")


@rule(
    "TAP-419",
    why="the template is completed when it is deployed, by what nobody judged",
    fix="write it out: no macro, include, import, look-up; in the pipeline's stack no parameter "
    "and no condition either",
)
def nothing_is_decided_later(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for template in delivery.assembly.templates:
        for key, path in _keys(template.body):
            if key in LATE:
                yield f"{template.name}{path}", key
        for value in _functions(template.body):
            if not list(references(value)):
                yield template.name, f"puts a text together: {json.dumps(value)}"
        if DYNAMIC.search(json.dumps(template.body)):
            yield template.name, "looks values up"
    yield from _pipeline_is_literal(delivery.pipeline.template)


def _functions(value: Any) -> Iterator[Any]:
    """What functions that take texts apart are given."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in PIECES:
                yield each
            yield from _functions(each)
    elif isinstance(value, list):
        for each in value:
            yield from _functions(each)


def _pipeline_is_literal(template: Template) -> Iterator[tuple[str, str]]:
    for resource in template.resources():
        late = any(key in ("Fn::If", "Condition::If") for key, _ in _keys(resource.declaration))
        if late or isinstance(resource.declaration.get("Condition"), str):
            yield f"{template.name}/{resource.logical_id}", "depends on a condition"
    for name in sorted(set(template.body.get("Parameters", {})) - PARAMETERS):
        yield f"{template.name}/{name}", "is a parameter"


@rule(
    "TAP-420",
    why="it acts when deployed, decides about other stacks, or gives someone a lasting way in",
    fix="remove it; in applications, nested stacks of the assembly may be, and what empties a "
    "bucket or sets up its notifications with a function of the same template",
)
def resources_are_harmless(delivery: Delivery) -> Iterator[Resource]:
    for template in delivery.assembly.templates:
        application = template is not delivery.pipeline.template
        for resource in template.resources():
            if FORBIDDEN.fullmatch(resource.type) and not (application and _is_helper(resource)):
                yield resource


def _is_helper(resource: Resource) -> bool:
    if resource.type == NESTED:
        return True  # That its template is one of the assembly is a rule of its own.
    functions = {each.logical_id for each in resource.template.resources("AWS::Lambda::Function")}
    served_by = set(references(resource.properties.get("ServiceToken")))
    return resource.type in HELPERS and bool(served_by) and served_by <= functions


def _keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a nested structure, with the path of what holds it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key, path
            yield from _keys(each, f"{path}/{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _keys(each, f"{path}/{index}")
