"""The structure of a pipeline: parsed once from CloudFormation properties, then never changed.

Sources: CodePipeline user guide "reference-pipeline-structure" and "structure-action-providers",
CloudFormation template reference "aws-resource-codepipeline-pipeline". What AWS would run but
this one cannot is refused when the pipeline is created, never ignored when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.triggers import Trigger, parse_triggers

OFFERED = frozenset(
    {
        ("Source", "CodeStarSourceConnection"),
        ("Build", "CodeBuild"),
        ("Test", "CodeBuild"),
        ("Deploy", "CloudFormation"),
        ("Approval", "Manual"),
    }
)
"""The action types (category, provider) of owner AWS that run here."""

ACTION_MODES = frozenset({"CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE", "CREATE_UPDATE"})
MODES = ("SUPERSEDED", "QUEUED")
APPROVAL_TIMEOUT_MINUTES = 7 * 24 * 60
"""Seven days, unless the action says otherwise: user guide, "approvals"."""

_NAME = re.compile(r"[A-Za-z0-9.@\-_]{1,100}")


@dataclass(frozen=True)
class Action:
    """One action of a stage. `configuration` still holds its `#{…}` references."""

    name: str
    category: str
    provider: str
    version: str
    run_order: int
    configuration: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: str | None
    role_arn: str | None
    region: str | None
    timeout_minutes: int | None

    @property
    def is_approval(self) -> bool:
        """Whether a person, not a provider, completes it."""
        return self.category == "Approval"


@dataclass(frozen=True)
class Stage:
    """A named part of the pipeline that one execution at a time may be in."""

    name: str
    actions: tuple[Action, ...]

    def waves(self) -> Iterator[tuple[Action, ...]]:
        """The actions that run side by side, in the order of their run order."""
        ordered = sorted(self.actions, key=lambda a: a.run_order)
        for _, actions in groupby(ordered, key=lambda a: a.run_order):
            yield tuple(actions)

    def action(self, name: str) -> Action | None:
        """The action of this name."""
        return next((a for a in self.actions if a.name == name), None)


@dataclass(frozen=True)
class ArtifactStore:
    """The bucket that carries artifacts between actions, and the key that encrypts them."""

    bucket: str
    key_id: str | None


@dataclass(frozen=True)
class Structure:
    """Everything a pipeline's definition says. `declaration` is it in the API's own shape."""

    name: str
    role_arn: str
    stages: tuple[Stage, ...]
    store: ArtifactStore
    pipeline_type: str
    mode: str
    variables: Mapping[str, str | None]
    triggers: tuple[Trigger, ...]
    disabled_transitions: Mapping[str, str]
    restart_on_update: bool
    declaration: Mapping[str, Any]

    def stage(self, name: str) -> Stage | None:
        """The stage of this name."""
        return next((s for s in self.stages if s.name == name), None)

    def stage_index(self, name: str) -> int:
        """Its place, counted from 0; `ValueError` when there is no such stage."""
        return [s.name for s in self.stages].index(name)

    def sources(self) -> tuple[Action, ...]:
        """The source actions: all in the first stage."""
        return self.stages[0].actions


def parse(properties: Mapping[str, Any], name: str, region: str) -> Structure:
    """The structure that resolved CloudFormation properties describe; `StructureError` if none."""
    stages = tuple(_stage(raw, region) for raw in properties.get("Stages") or ())
    store = _store(properties, region)
    structure = Structure(
        name=_named(name, "pipeline"),
        role_arn=_required(properties, "RoleArn", "the pipeline"),
        stages=stages,
        store=store,
        pipeline_type=str(properties.get("PipelineType") or "V1"),
        mode=str(properties.get("ExecutionMode") or "SUPERSEDED"),
        variables={v["Name"]: v.get("DefaultValue") for v in properties.get("Variables") or ()},
        triggers=parse_triggers(properties.get("Triggers") or ()),
        disabled_transitions={
            t["StageName"]: t["Reason"]
            for t in properties.get("DisableInboundStageTransitions") or ()
        },
        restart_on_update=_boolean(properties.get("RestartExecutionOnUpdate")),
        declaration=_declaration(properties, name),
    )
    _check(structure)
    return structure


def _stage(raw: Mapping[str, Any], region: str) -> Stage:
    name = _named(_required(raw, "Name", "a stage"), "stage")
    for condition in ("BeforeEntry", "OnSuccess", "OnFailure"):
        if raw.get(condition):
            raise StructureError(f"stage {name}: {condition} is not offered here")
    actions = tuple(_action(name, a) for a in raw.get("Actions") or ())
    for action in actions:
        if action.region not in (None, region):
            raise StructureError(
                f"action {name}/{action.name}: one region is offered here, {region}"
            )
    names = [a.name for a in actions]
    if not actions or len(set(names)) != len(names):
        raise StructureError(f"stage {name}: needs actions with distinct names, has {names}")
    return Stage(name, actions)


def _action(stage: str, raw: Mapping[str, Any]) -> Action:
    name = _named(_required(raw, "Name", f"an action of stage {stage}"), "action")
    where = f"action {stage}/{name}"
    kind = raw.get("ActionTypeId") or {}
    action = Action(
        name=name,
        category=_required(kind, "Category", where),
        provider=_required(kind, "Provider", where),
        version=str(kind.get("Version", "1")),
        run_order=int(raw.get("RunOrder") or 1),
        configuration={k: _text(v) for k, v in (raw.get("Configuration") or {}).items()},
        inputs=tuple(a["Name"] for a in raw.get("InputArtifacts") or ()),
        outputs=tuple(a["Name"] for a in raw.get("OutputArtifacts") or ()),
        namespace=raw.get("Namespace"),
        role_arn=raw.get("RoleArn"),
        region=raw.get("Region"),
        timeout_minutes=int(raw["TimeoutInMinutes"]) if raw.get("TimeoutInMinutes") else None,
    )
    if kind.get("Owner") != "AWS" or (action.category, action.provider) not in OFFERED:
        raise StructureError(
            f"{where}: there is no action provider "
            f"{kind.get('Owner')}/{action.category}/{action.provider} here; there is "
            + ", ".join(sorted(f"{c}/{p}" for c, p in OFFERED))
        )
    _check_configuration(where, action)
    return action


_NEEDED = {
    "CodeStarSourceConnection": ("ConnectionArn", "FullRepositoryId", "BranchName"),
    "CodeBuild": ("ProjectName",),
    "CloudFormation": ("ActionMode", "StackName"),
    "Manual": (),
}


def _check_configuration(where: str, action: Action) -> None:
    for key in _NEEDED[action.provider]:
        _required(action.configuration, key, where)
    mode = action.configuration.get("ActionMode")
    if action.provider == "CloudFormation" and mode not in ACTION_MODES:
        raise StructureError(f"{where}: ActionMode {mode} is not offered here")
    if action.configuration.get("BatchEnabled", "false").lower() == "true":
        raise StructureError(f"{where}: batch builds are not offered here")
    if action.configuration.get("OutputArtifactFormat", "CODE_ZIP") != "CODE_ZIP":
        raise StructureError(f"{where}: full clones are not offered here, only CODE_ZIP")


def _store(properties: Mapping[str, Any], region: str) -> ArtifactStore:
    raw = properties.get("ArtifactStore")
    for entry in properties.get("ArtifactStores") or ():
        if entry.get("Region") == region:
            raw = entry.get("ArtifactStore")
    if not raw:
        raise StructureError(f"the pipeline has no artifact store in {region}")
    return ArtifactStore(raw["Location"], (raw.get("EncryptionKey") or {}).get("Id"))


def _check(structure: Structure) -> None:
    if len(structure.stages) <= 1:
        raise StructureError("a pipeline needs at least two stages")
    if len({s.name for s in structure.stages}) != len(structure.stages):
        raise StructureError("stage names must be unique in a pipeline")
    if structure.mode not in MODES:
        raise StructureError(f"execution mode {structure.mode} is not offered here")
    if structure.pipeline_type != "V2" and (structure.triggers or structure.variables):
        raise StructureError("triggers and variables need a pipeline of type V2")
    for index, stage in enumerate(structure.stages):
        if any((a.category == "Source") != (index == 0) for a in stage.actions):
            raise StructureError("the first stage, and only it, holds the source actions")
    _check_artifacts(structure)
    _check_namespaces(structure)


def _check_artifacts(structure: Structure) -> None:
    produced: set[str] = set()
    for stage in structure.stages:
        for wave in stage.waves():
            for action in wave:
                missing = set(action.inputs) - produced
                if missing:
                    raise StructureError(
                        f"action {stage.name}/{action.name}: no earlier action outputs "
                        f"{sorted(missing)}"
                    )
            for name in (name for action in wave for name in action.outputs):
                if name in produced:
                    raise StructureError(f"artifact {name} is output by more than one action")
                produced.add(name)


def _check_namespaces(structure: Structure) -> None:
    used = [a.namespace for s in structure.stages for a in s.actions if a.namespace]
    doubled = sorted({n for n in used if used.count(n) > 1})
    if doubled:
        raise StructureError(f"namespaces are used by more than one action: {doubled}")


def _declaration(properties: Mapping[str, Any], name: str) -> dict[str, Any]:
    """`PipelineDeclaration` of the API: the same tree with lower-case first letters."""
    left_out = {"Tags", "RestartExecutionOnUpdate", "DisableInboundStageTransitions"}
    kept = {k: v for k, v in properties.items() if k not in left_out} | {"Name": name}
    kept.setdefault("PipelineType", "V1")
    kept.setdefault("ExecutionMode", "SUPERSEDED")
    declaration: dict[str, Any] = _lowered(kept)
    if "artifactStores" in declaration:
        declaration["artifactStores"] = {
            entry["region"]: entry["artifactStore"] for entry in declaration["artifactStores"]
        }
    return declaration


_INTEGERS = frozenset({"RunOrder", "TimeoutInMinutes"})


def _lowered(value: Any) -> Any:
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key[0].lower() + key[1:]: _lowered_member(key, item) for key, item in value.items()}


def _lowered_member(key: str, item: Any) -> Any:
    if key == "Configuration":
        return {k: _text(v) for k, v in item.items()}
    return int(item) if key in _INTEGERS else _lowered(item)


def _required(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key)
    if not value:
        raise StructureError(f"{where}: {key} is missing")
    return str(value)


def _named(name: str, kind: str) -> str:
    if not _NAME.fullmatch(name):
        raise StructureError(f"{kind} name {name!r} does not match {_NAME.pattern}")
    return name


def _text(value: Any) -> str:
    """CloudFormation turns booleans and numbers of a configuration into text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(value: Any) -> bool:
    return str(value).lower() == "true"
