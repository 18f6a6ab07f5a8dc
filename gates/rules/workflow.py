"""What starts a workflow, and with what input.

An execution's input has at most 256 KiB (Step Functions Developer Guide, "Quotas"), stays in its
history for 90 days, and is logged by whatever logs executions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assembly.code import code
from assembly.templates import Resource, Template
from assembly.text import references
from gates.delivery import Delivery
from gates.registry import rule

# What the input may hold: ids and places of data, never the data.
_BOUNDED = {"request_id", "s3_key", "bucket", "key", "version_id", "file_id"}


@rule(
    "TAP-105",
    why="the execution's input is as large as what the caller sent, and is kept in the history",
    fix="store the payload, and start the workflow with its id and key only",
)
def workflow_input_is_bounded(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for template in delivery.templates:
        machines = {
            each.logical_id for each in template.resources("AWS::StepFunctions::StateMachine")
        }
        for resource in template.resources():
            if _passes_everything_on(resource, machines):
                yield resource, ""
        for function in template.resources("AWS::Lambda::Function"):
            for place in _unbounded_starts(template, function):
                yield function, place


def _passes_everything_on(resource: Resource, machines: set[str]) -> bool:
    """Does an API, rule or pipe hand its whole event to a state machine?"""
    match resource.type:
        case "AWS::ApiGateway::Method" | "AWS::ApiGatewayV2::Integration":
            integration = str(resource.properties)
            # Even a mapping template that picks fields cannot bound how long they are.
            return "StartExecution" in integration or "StartSyncExecution" in integration
        case "AWS::Events::Rule":
            targets = resource.properties.get("Targets", [])
            chosen = ("Input", "InputPath", "InputTransformer")
            return any(
                machines & set(references(target.get("Arn")))
                and not any(key in target for key in chosen)
                for target in targets
                if "EventPattern" in resource.properties
            )
        case "AWS::Pipes::Pipe":
            parameters = resource.properties.get("TargetParameters", {})
            starts = bool(machines & set(references(resource.properties.get("Target"))))
            return starts and "InputTemplate" not in parameters
    return False


def _unbounded_starts(template: Template, function: Resource) -> Iterator[str]:
    """Where the function's code starts executions with more than ids, as file:line."""
    for name, text in _sources(template, function):
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call) and _name(call.func) in (
                "start_execution",
                "start_sync_execution",
            ):
                given = next((each.value for each in call.keywords if each.arg == "input"), None)
                if given is None or not _is_bounded(given):
                    yield f"{name}:{call.lineno}"


def _sources(template: Template, function: Resource) -> Iterator[tuple[str, bytes]]:
    """The Python files of ours in the function's asset: dependencies stand beside, not in, them."""
    path = function.declaration.get("Metadata", {}).get("aws:asset:path", "")
    held = code(template.directory / path) if path else None
    if held is not None:
        ours = (name for name in held.within("services") if name.endswith(".py"))
        yield from ((name, held.read(name)) for name in ours)


def _is_bounded(value: ast.expr) -> bool:
    """Is it json.dumps of a literal dictionary with known keys, or such a dictionary itself?"""
    if isinstance(value, ast.Call) and _name(value.func) == "dumps" and value.args:
        value = value.args[0]
    if not isinstance(value, ast.Dict):
        return False
    keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
    return set(keys) <= _BOUNDED


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
