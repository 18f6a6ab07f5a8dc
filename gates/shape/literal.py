"""What was reviewed is what will be deployed: nothing in it is decided later, or elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assembly.pipeline import Delivery, Stack
from gates.shape.violation import Violation

# Macros rewrite a template when it is deployed; AWS::Include reads a part of it from a bucket.
LATE = {"Fn::Transform", "Transform", "Fn::ImportValue", "Fn::GetStackOutput"}
DYNAMIC = re.compile(r"\{\{resolve:")
# Beside these the pipeline's stack has no parameters: one could be set by whoever deploys it.
PARAMETERS = {"BootstrapVersion"}
# Things that act on their own when deployed, hold long-lived credentials, or decide about other
# stacks. The pipeline's stack is deployed with the tools account's execution role.
FORBIDDEN = re.compile(
    r"Custom::.*|AWS::CloudFormation::(?!WaitConditionHandle).*"
    r"|AWS::IAM::(User|Group|AccessKey|UserPolicy|UserToGroupAddition|SAMLProvider|OIDCProvider)"
    r"|AWS::CodeStarConnections::.*|AWS::CodeConnections::.*"
)
# In application stacks: the same, except what the CDK's own constructs need there.
APPLICATIONS_MAY = re.compile(r"Custom::S3AutoDeleteObjects|AWS::CloudFormation::Stack")


def nothing_is_decided_later(delivery: Delivery) -> Iterator[Violation]:
    """No macro, include, import or look-up completes a template after it was reviewed."""
    for stack in delivery.stacks:
        for key, path in _keys(stack.template):
            if key in LATE:
                yield Violation(
                    f"{stack.name}{path}", f"{key} completes it when deployed", "write it out"
                )
        if DYNAMIC.search(json.dumps(stack.template)):
            yield Violation(stack.name, "looks values up when deployed", "write them out")
    yield from _pipeline_is_literal(delivery.pipeline_stack)


def _pipeline_is_literal(stack: Stack) -> Iterator[Violation]:
    for logical_id, each in stack.resources():
        late = [key for key, _ in _keys(each) if key in ("Fn::If", "Condition::If")]
        if late or isinstance(each.get("Condition"), str):
            yield Violation(f"{stack.name}/{logical_id}", "depends on a condition", "write it out")
    for name in sorted(set(stack.template.get("Parameters", {})) - PARAMETERS):
        yield Violation(f"{stack.name}/{name}", "is a parameter", "write its value out")


def resources_are_harmless(delivery: Delivery) -> Iterator[Violation]:
    """No lasting credentials, identity providers, stacks in stacks or code run by deploying."""
    for stack in delivery.stacks:
        for logical_id, each in stack.resources():
            kind = str(each.get("Type"))
            allowed = stack is not delivery.pipeline_stack and APPLICATIONS_MAY.fullmatch(kind)
            if FORBIDDEN.fullmatch(kind) and not allowed:
                yield Violation(
                    f"{stack.name}/{logical_id}",
                    f"{kind} acts when it is deployed, or gives someone a lasting way in",
                    "remove it, or have it reviewed in gates/shape/literal.py",
                )


def _keys(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a nested structure, with the path of what holds it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key, path
            yield from _keys(each, f"{path}/{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _keys(each, f"{path}/{index}")
