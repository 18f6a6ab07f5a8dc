"""Reads a pipeline's definition from CloudFormation properties, or says why AWS would not have it.

First its members are held against the service model's CreatePipeline, at every level, then what
they say together against the rules (`rules`). What AWS would run but this one cannot is refused
when the pipeline is made, never ignored when it runs.

Sources: CodePipeline user guide "reference-pipeline-structure", CloudFormation template reference
"aws-resource-codepipeline-pipeline".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_aws import members
from embedded_aws.codepipeline import rules
from embedded_aws.codepipeline.model import (
    Action,
    ArtifactStore,
    Condition,
    OnFailure,
    Stage,
    Structure,
)
from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.triggers import parse_triggers


def parse(properties: Mapping[str, Any], name: str, region: str) -> Structure:
    """The structure that resolved CloudFormation properties describe; `StructureError` if none."""
    declaration = _declaration(properties, name)
    _check_members(declaration)
    structure = Structure(
        name=name,
        role_arn=declaration["roleArn"],
        stages=tuple(_stage(raw) for raw in declaration["stages"]),
        stores=_stores(properties, region),
        pipeline_type=declaration["pipelineType"],
        mode=declaration["executionMode"],
        variables={v["name"]: v.get("defaultValue") for v in declaration.get("variables") or ()},
        triggers=parse_triggers(properties.get("Triggers") or ()),
        disabled_transitions={
            t["StageName"]: t["Reason"]
            for t in properties.get("DisableInboundStageTransitions") or ()
        },
        restart_on_update=str(properties.get("RestartExecutionOnUpdate")).lower() == "true",
        declaration=declaration,
    )
    rules.check(structure, region)
    return structure


def _check_members(declaration: Mapping[str, Any]) -> None:
    service = members.model("codepipeline")
    shape = service.input_of("CreatePipeline")
    if shape and (message := members.refusal(service, shape, {"pipeline": declaration})):
        raise StructureError(message)


def _stage(raw: Mapping[str, Any]) -> Stage:
    failure = raw.get("onFailure")
    return Stage(
        raw["name"],
        tuple(_action(each) for each in raw["actions"]),
        before_entry=_condition(raw.get("beforeEntry")),
        on_success=_condition(raw.get("onSuccess")),
        on_failure=_on_failure(failure) if failure else None,
    )


def _on_failure(raw: Mapping[str, Any]) -> OnFailure:
    retry = raw.get("retryConfiguration") or {}
    return OnFailure(
        result=raw.get("result"),
        # CDK, `FailureConditions.retryMode`: all actions are the default.
        retry_mode=retry.get("retryMode", "ALL_ACTIONS"),
        condition=_condition(raw),
    )


def _condition(raw: Mapping[str, Any] | None) -> Condition | None:
    """The one condition that a stage may have at a time."""
    if not raw or not raw.get("conditions"):
        return None
    (only,) = raw["conditions"]
    rules = tuple(_rule(rule) for rule in only.get("rules") or ())
    return Condition(only.get("result") or "", rules)


def _rule(raw: Mapping[str, Any]) -> Action:
    """A rule is declared as an action is, but for its outputs; its owner can only be AWS."""
    kind = {"owner": "AWS", "version": "1", **raw["ruleTypeId"]}
    return _action({**raw, "actionTypeId": kind})


def _action(raw: Mapping[str, Any]) -> Action:
    kind = raw["actionTypeId"]
    return Action(
        name=raw["name"],
        category=kind["category"],
        provider=kind["provider"],
        version=kind["version"],
        owner=kind["owner"],
        run_order=raw.get("runOrder", 1),
        configuration=raw.get("configuration") or {},
        inputs=tuple(a["name"] for a in raw.get("inputArtifacts") or ()),
        outputs=tuple(a["name"] for a in raw.get("outputArtifacts") or ()),
        namespace=raw.get("namespace"),
        role_arn=raw.get("roleArn"),
        region=raw.get("region"),
        timeout_minutes=raw.get("timeoutInMinutes"),
        commands=tuple(raw.get("commands") or ()),
    )


def _stores(properties: Mapping[str, Any], region: str) -> dict[str, ArtifactStore]:
    """By region. One alone is the pipeline's; each action's region needs its own ("Add a
    cross-Region action to a pipeline")."""
    alone, several = properties.get("ArtifactStore"), properties.get("ArtifactStores")
    if alone and several:
        raise StructureError("a pipeline has either ArtifactStore or ArtifactStores, not both")
    raw = {each["Region"]: each["ArtifactStore"] for each in several or ()}
    if alone:
        raw[region] = alone
    if region not in raw:
        raise StructureError(f"the pipeline has no artifact store in {region}")
    return {
        name: ArtifactStore(name, each["Location"], (each.get("EncryptionKey") or {}).get("Id"))
        for name, each in raw.items()
    }


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
    """CloudFormation makes text of a configuration's values, and numbers of texts with digits."""
    if key == "Configuration" and isinstance(item, Mapping):
        return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in item.items()}
    if key == "Version":
        return str(item)
    return int(item) if key in _INTEGERS and str(item).isdigit() else _lowered(item)
