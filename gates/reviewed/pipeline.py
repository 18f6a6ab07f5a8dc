"""The reviewed text of the delivery: stages, actions, builds, their commands, and the rest.

One block a stage, action, build, script and other resource of the pipeline's stack; roles and
policies are in the text of permissions. Lines are what the templates say, shortened nowhere:

    action Dev/Smoke
      kind           Build/CodeBuild by AWS, version 1
      ProjectName    <tap-pipeline-smoke-dev>
      variable       TAP_COMMIT = #{Source@example.CommitId}

An application's code changes none of it: hashes of assets are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from assembly.pipeline import PIPELINE_TYPE, PROJECT_TYPE, Action, Build, builds_of
from assembly.templates import Resource, Template
from assembly.text import plain
from gates.delivery import SMOKE_SETTINGS, Delivery
from gates.reviewed.names import Names
from gates.shape.commands import called_scripts, effective_lines
from gates.shape.roles import POLICIES, RESOURCE_POLICIES, ROLE
from guards.held import without_held

HEADER: Final = """\
# How a commit is delivered: the pipeline, its builds, and the scripts that these run. Reviewed: a
# change here is a change of the delivery itself. Written by `make accept`.
"""
_ASSET: Final = re.compile(r"[0-9a-f]{64}(:[\w-]+-[0-9a-f]{8}(?=\"))?")
_PUBLISHES: Final = "cdk-assets "
# CDK's own: it changes with the project, which is shown.
_OF_CDK: Final = "_PROJECT_CONFIG_HASH"
_ELSEWHERE: Final = {ROLE, *POLICIES, "AWS::Lambda::Permission"}
_LEFT_OUT: Final = {"Type", "Metadata", "DependsOn"}
_COLUMN: Final = 14

Block = tuple[str, list[str]]
Line = tuple[str, Any]


def render(delivery: Delivery) -> str:
    """The text, ending in a newline."""
    blocks = (
        f"{title}\n" + "".join(f"  {line}\n" for line in lines)
        for title, lines in _blocks(delivery)
    )
    return f"{HEADER}\n" + "\n".join(blocks)


def _blocks(delivery: Delivery) -> Iterator[Block]:
    pipeline = delivery.pipeline
    names = Names(pipeline.template)
    yield "stacks", [_stack(each) for each in delivery.assembly.templates]
    settings = {key: each for key, each in pipeline.properties.items() if key != "Stages"}
    yield "pipeline", _lines(_flat(plain(settings)), names)
    # By itself, since blocks are compared by their titles, wherever they stand.
    order = [(f"{index}", stage.get("Name")) for index, stage in enumerate(pipeline.stages, 1)]
    yield "stages", _lines(order, names)
    for stage in pipeline.stages:
        name = stage.get("Name")
        actions = [(f"{a.position[1]}", a.name) for a in pipeline.actions_in(str(name))]
        further = {key: each for key, each in stage.items() if key not in ("Name", "Actions")}
        yield f"stage {name}", _lines([*actions, *_flat(plain(further))], names)
        for action in pipeline.actions_in(str(name)):
            yield f"action {action.where}", _lines(_action(action), names)
    yield from _builds(delivery)
    for resource in sorted(pipeline.template.resources(), key=lambda each: each.type):
        if resource.type not in (PIPELINE_TYPE, PROJECT_TYPE, *_ELSEWHERE):
            title = f"{resource.type} {names.of(resource.logical_id)}"
            yield title, _lines(_flat(plain(_declaration(resource))), names)
    sections = {k: each for k, each in pipeline.template.body.items() if k != "Resources"}
    yield "the rest of the pipeline's template", _lines(_flat(plain(sections)), names)
    for name in called_scripts(delivery, pipeline.builds):
        yield name, effective_lines(delivery.scripts[name])
    yield SMOKE_SETTINGS, effective_lines(delivery.scripts.get(SMOKE_SETTINGS, ""))


def _stack(template: Template) -> str:
    stack = template.stack
    protected = stack is not None and stack.termination_protection
    words = [f"{template.name:<{_COLUMN}}", template.account or "in no account"]
    return " ".join([*words, *(["protected from deletion"] if protected else [])])


def _action(action: Action) -> Iterator[Line]:
    kind = action.declaration.get("ActionTypeId", {})
    yield "kind", f"{action.kind} by {kind.get('Owner')}, version {kind.get('Version')}"
    for key, names in (("takes", action.inputs), ("makes", action.outputs)):
        yield from ((key, name) for name in names)
    known = ("ActionTypeId", "InputArtifacts", "OutputArtifacts", "Name", "RunOrder")
    settings = {key: each for key, each in action.declaration.items() if key not in known}
    if "RoleArn" in settings:
        # CloudFormation's role, in the configuration, has the same key.
        yield "acts as", plain(settings.pop("RoleArn"))
    configuration = {**settings.pop("Configuration", {})}
    configuration.pop("EnvironmentVariables", None)
    yield from _flat(plain(settings))
    yield from _flat(plain(configuration))
    yield from _variables(action.variables)


def _builds(delivery: Delivery) -> Iterator[Block]:
    """Every project of every template: those outside of the pipeline's stack are seen, too."""
    for template in delivery.assembly.templates:
        for build in builds_of(delivery.assembly, template):
            yield f"build {build.name}", _lines(_build(build), Names(template))


def _build(build: Build) -> Iterator[Line]:
    properties = {key: plain(each) for key, each in build.properties.items() if key != "Name"}
    environment = dict(properties.pop("Environment", {}))
    environment.pop("EnvironmentVariables", None)
    source = dict(properties.pop("Source", {}))
    if build.buildspec:
        source.pop("BuildSpec", None)
    yield from _flat({**properties, "Environment": environment, "Source": source})
    yield from _variables(build.variables)
    yield from _in_order(_flat(build.buildspec))


def _in_order(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines as they run, without what is held of the guards, which follows from the files; what
    publishes assets by itself, since its order follows the hashes."""
    publishing = []
    for key, value in lines:
        if str(value).startswith(_PUBLISHES):
            publishing.append((key, _ASSET.sub("<asset>", str(value))))
        else:
            yield key, without_held(value) if isinstance(value, str) else value
    yield from sorted(publishing)


def _variables(variables: list[dict[str, Any]]) -> Iterator[Line]:
    for variable in variables:
        said = {key.lower(): plain(value) for key, value in variable.items()}
        kind = said.get("type", "PLAINTEXT")
        if said["name"] != _OF_CDK:
            from_ = "" if kind == "PLAINTEXT" else f"{kind} "
            yield "variable", f"{said['name']} = {from_}{said['value']}"


def _declaration(resource: Resource) -> dict[str, Any]:
    policy = RESOURCE_POLICIES.get(resource.type)
    properties = {key: each for key, each in resource.properties.items() if key != policy}
    declared = {k: each for k, each in resource.declaration.items() if k not in _LEFT_OUT}
    return {**{k: each for k, each in declared.items() if k != "Properties"}, **properties}


def _flat(value: Any, path: str = "") -> Iterator[Line]:
    """A line for each value in an object; a list's entries in their order, one a line."""
    if path == "Tags":
        yield path, ", ".join(f"{each['Key']}={each['Value']}" for each in value)
    elif isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and not any(isinstance(each, list) for each in value):
        yield from ((path, each) for each in value)
    elif path:
        yield path, value


def _lines(found: Iterator[Line] | list[Line], names: Names) -> list[str]:
    return [f"{key:<{_COLUMN}} {_text(value, names)}" for key, value in found]


def _text(value: Any, names: Names) -> str:
    return names.flat(value) if isinstance(value, dict | list) else names.readable(value)
