"""The reviewed text of the delivery: stages, actions, builds, their commands, and the rest.

One block a stage, action, build, script and other resource of the pipeline's stack. Lines are what
the template says, shortened nowhere:

    action Dev/Smoke
      kind           Build/CodeBuild by AWS, version 1
      ProjectName    <Pipeline/Dev/Smoke>
      variable       TAP_COMMIT = #{Source@example.CommitId}

An application's code changes none of it: hashes of assets are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from assembly.pipeline import PIPELINE_TYPE, PROJECT_TYPE, Action, Build
from assembly.templates import Template
from gates.delivery import SMOKE_SETTINGS, Delivery
from gates.reviewed import resources
from gates.reviewed.blocks import Blocks, Line, added, flat, lines_of, text_of
from gates.reviewed.names import Names
from gates.shape.commands import called_scripts, effective_lines
from guards.held import without_held

TEXT: Final = "delivery.txt"
_HEADER: Final = """\
# How a commit is delivered: the pipeline, its builds, the scripts that these run, and what else its
# account holds. Reviewed: a change here is a change of the delivery itself. Written by
# `make accept`.
"""
_ASSET: Final = re.compile(r"[0-9a-f]{64}(:[\w-]+-[0-9a-f]{8}(?=\"))?")
_PUBLISHES: Final = "cdk-assets "
# CDK's own: it changes with the project, which is shown.
_OF_CDK: Final = "_PROJECT_CONFIG_HASH"


def texts(delivery: Delivery) -> dict[str, str]:
    """The text by the name of its file."""
    names = Names(delivery.assembly, delivery.pipeline.template)
    return {TEXT: text_of(_HEADER, _blocks(delivery, names))}


def _blocks(delivery: Delivery, names: Names) -> Blocks:
    pipeline = delivery.pipeline
    template = pipeline.template
    decided = names.resolver(template).of
    found: Blocks = {}
    added(found, "stacks", sorted(_stack(each) for each in delivery.assembly.templates))
    settings = {key: each for key, each in pipeline.properties.items() if key != "Stages"}
    added(found, "pipeline", lines_of(flat(decided(settings))))
    # By itself, since blocks are compared by their titles, wherever they stand.
    order = [(f"{index}", stage.get("Name")) for index, stage in enumerate(pipeline.stages, 1)]
    added(found, "stages", lines_of(order))
    for stage in pipeline.stages:
        name = str(stage.get("Name"))
        actions = [(f"{a.position[1]}", a.name) for a in pipeline.actions_in(name)]
        further = {key: each for key, each in stage.items() if key not in ("Name", "Actions")}
        added(found, f"stage {name}", lines_of([*actions, *flat(decided(further))]))
        for action in pipeline.actions_in(name):
            added(found, f"action {action.where}", lines_of(_action(decided(action.declaration))))
    for build in pipeline.builds:
        added(found, f"build {build.name}", lines_of(_build(build, names)))
    for title, lines in resources.blocks(names, (template,), PIPELINE_TYPE, PROJECT_TYPE).items():
        added(found, title, lines)
    added(found, "the rest of the template", resources.sections(names, template))
    for name in called_scripts(delivery, pipeline.builds):
        added(found, name, effective_lines(delivery.scripts[name]))
    added(found, SMOKE_SETTINGS, effective_lines(delivery.scripts.get(SMOKE_SETTINGS, "")))
    return found


def _stack(template: Template) -> str:
    stack = template.stack
    protected = stack is not None and stack.termination_protection
    words = [template.name, f"in {template.account or 'no account'}"]
    return " ".join([*words, *(["protected from deletion"] if protected else [])])


def _action(declaration: dict[str, Any]) -> Iterator[Line]:
    action = Action("", (0, 0), declaration)
    kind = declaration.get("ActionTypeId", {})
    yield "kind", f"{action.kind} by {kind.get('Owner')}, version {kind.get('Version')}"
    for key, artifacts in (("takes", action.inputs), ("makes", action.outputs)):
        yield from ((key, name) for name in artifacts)
    known = ("ActionTypeId", "InputArtifacts", "OutputArtifacts", "Name", "RunOrder")
    settings = {key: each for key, each in declaration.items() if key not in known}
    if "RoleArn" in settings:
        # CloudFormation's role, in the configuration, has the same key.
        yield "acts as", settings.pop("RoleArn")
    configuration = {**settings.pop("Configuration", {})}
    configuration.pop("EnvironmentVariables", None)
    yield from flat(settings)
    yield from flat(configuration)
    yield from _variables(action.variables)


def _build(build: Build, names: Names) -> Iterator[Line]:
    decided = names.resolver(build.resource.template).of
    properties = {key: each for key, each in decided(build.properties).items() if key != "Name"}
    environment = dict(properties.pop("Environment", {}))
    variables = environment.pop("EnvironmentVariables", [])
    source = dict(properties.pop("Source", {}))
    if build.buildspec:
        source.pop("BuildSpec", None)
    yield from flat({**properties, "Environment": environment, "Source": source})
    yield from _variables(variables)
    yield from _in_order(flat(build.buildspec))


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


def _variables(variables: Iterable[dict[str, Any]]) -> Iterator[Line]:
    for variable in variables:
        said = {key.lower(): value for key, value in variable.items()}
        kind = said.get("type", "PLAINTEXT")
        if said["name"] != _OF_CDK:
            from_ = "" if kind == "PLAINTEXT" else f"{kind} "
            yield "variable", f"{said['name']} = {from_}{said['value']}"
