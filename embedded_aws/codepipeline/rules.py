"""What the members of a pipeline's definition must say together, each right by itself.

Sources: CodePipeline user guide "reference-pipeline-structure" (stages, run orders, names),
"structure-action-providers" (how many artifacts an action takes and gives), the action references
(configuration keys) and "reference-variables" (namespaces). Words in messages are AWS's where they
are known from its answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from embedded_aws.codepipeline.conditions import declared
from embedded_aws.codepipeline.model import Action, Stage, Structure
from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.variables import RESERVED_NAMESPACES, references


@dataclass(frozen=True)
class Provider:
    """What an action type allows: configuration keys, and (fewest, most) artifacts."""

    required: frozenset[str]
    optional: frozenset[str]
    inputs: tuple[int, int]
    outputs: tuple[int, int]


def _provider(
    required: str, optional: str, inputs: tuple[int, int], outputs: tuple[int, int]
) -> Provider:
    return Provider(frozenset(required.split()), frozenset(optional.split()), inputs, outputs)


_CODEBUILD = _provider(
    "ProjectName",
    "PrimarySource BatchEnabled CombineArtifacts EnvironmentVariables",
    inputs=(1, 5),
    outputs=(0, 5),
)
OFFERED = {
    ("Source", "CodeStarSourceConnection"): _provider(
        "ConnectionArn FullRepositoryId BranchName",
        "OutputArtifactFormat DetectChanges",
        inputs=(0, 0),
        outputs=(1, 1),
    ),
    ("Source", "CodeCommit"): _provider(
        "RepositoryName BranchName",
        "PollForSourceChanges OutputArtifactFormat",
        inputs=(0, 0),
        outputs=(1, 1),
    ),
    ("Source", "S3"): _provider(
        "S3Bucket S3ObjectKey", "PollForSourceChanges", inputs=(0, 0), outputs=(1, 1)
    ),
    ("Build", "CodeBuild"): _CODEBUILD,
    ("Test", "CodeBuild"): _CODEBUILD,
    ("Deploy", "CloudFormation"): _provider(
        "ActionMode StackName",
        "ChangeSetName Capabilities OutputFileName ParameterOverrides RoleArn"
        " TemplateConfiguration TemplatePath",
        inputs=(0, 10),
        outputs=(0, 1),
    ),
    ("Approval", "Manual"): _provider(
        "", "NotificationArn ExternalEntityLink CustomData", inputs=(0, 0), outputs=(0, 0)
    ),
}
"""The action types (category, provider) of owner AWS that run here."""

ACTION_MODES = frozenset({"CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE", "CREATE_UPDATE"})
_FORMATS = ("CODE_ZIP", "CODEBUILD_CLONE_REF")
MODES = ("SUPERSEDED", "QUEUED")


def check(structure: Structure, region: str) -> None:
    """Raises `StructureError` for the first thing that AWS refuses, or that is not offered here."""
    for stage, action in _actions(structure):
        where = f"action {stage.name}/{action.name}"
        _check_action(where, action)
        _check_region(where, action, structure, region)
    _check_stages(structure)
    _check_artifacts(structure)
    _check_namespaces(structure)
    _check_references(structure)
    declared.check(structure)
    _check_triggers(structure)


def _actions(structure: Structure) -> Iterator[tuple[Stage, Action]]:
    return ((stage, action) for stage in structure.stages for action in stage.actions)


def _check_action(where: str, action: Action) -> None:
    provider = OFFERED.get((action.category, action.provider))
    if action.owner != "AWS" or provider is None:
        offered = ", ".join(sorted(f"{c}/{p}" for c, p in OFFERED))
        raise StructureError(
            f"{where}: there is no action provider {action.owner}/{action.category}/"
            f"{action.provider} here; there is {offered}"
        )
    if action.timeout_minutes is not None and not action.is_approval:
        raise StructureError(f"{where}: TimeoutInMinutes is for manual approvals")
    for kind, names, (fewest, most) in (
        ("input", action.inputs, provider.inputs),
        ("output", action.outputs, provider.outputs),
    ):
        if not fewest <= len(names) <= most:
            raise StructureError(
                f"{where}: {action.provider} takes {fewest} to {most} {kind} artifacts, "
                f"not {len(names)}"
            )
    _check_configuration(where, action, provider)


def _check_region(where: str, action: Action, structure: Structure, region: str) -> None:
    """User guide, "Add a cross-Region action to a pipeline": sources cannot be elsewhere."""
    if action.region in (None, region):
        return
    if action.category == "Source":
        raise StructureError(
            f"{where}: a source must be in the pipeline's region, {region}, not in {action.region}"
        )
    if action.region not in structure.stores:
        raise StructureError(
            f"{where}: the pipeline has no artifact store in the action's region {action.region}"
        )


def _check_configuration(where: str, action: Action, provider: Provider) -> None:
    given = action.configuration
    about = f"Action configuration for action '{action.name}'"
    for key in sorted(provider.required):
        if not given.get(key):
            raise StructureError(f"{about} is missing required configuration '{key}'")
    if unknown := sorted(given.keys() - provider.required - provider.optional):
        raise StructureError(f"{about} contains unknown configuration '{unknown[0]}'")
    if action.provider == "CodeBuild":
        _check_build(where, action)
    if action.provider == "CloudFormation":
        _check_deployment(where, action)
    if (form := given.get("OutputArtifactFormat", "CODE_ZIP")) not in _FORMATS:
        raise StructureError(
            f"{where}: OutputArtifactFormat {form} is none of {', '.join(_FORMATS)}"
        )


def _check_build(where: str, action: Action) -> None:
    given = action.configuration
    primary = given.get("PrimarySource")
    if primary is None and len(action.inputs) > 1:
        raise StructureError(
            f"Action configuration for action '{action.name}' is missing required configuration "
            "'PrimarySource'"
        )
    if primary is not None and primary not in action.inputs:
        raise StructureError(f"{where}: PrimarySource {primary} is no input artifact of it")
    if given.get("BatchEnabled", "false").lower() == "true":
        raise StructureError(f"{where}: batch builds are not offered here")
    try:
        variables = json.loads(given.get("EnvironmentVariables") or "[]")
        names = [variable["name"] for variable in variables]
    except (ValueError, TypeError, KeyError) as error:
        raise StructureError(f"{where}: EnvironmentVariables is no list of variables") from error
    if len(set(names)) != len(names):
        raise StructureError(f"{where}: EnvironmentVariables has a name twice")


def _check_deployment(where: str, action: Action) -> None:
    given = action.configuration
    mode = given["ActionMode"]
    if mode not in ACTION_MODES:
        raise StructureError(f"{where}: ActionMode {mode} is not offered here")
    needed = ["ChangeSetName"] if mode.startswith("CHANGE_SET") else []
    needed += [] if mode == "CHANGE_SET_EXECUTE" else ["TemplatePath"]
    for key in needed:
        if not given.get(key):
            raise StructureError(
                f"Action configuration for action '{action.name}' is missing required "
                f"configuration '{key}'"
            )
    for key in ("TemplatePath", "TemplateConfiguration"):
        artifact = given.get(key, "").partition("::")[0]
        if given.get(key) and artifact not in action.inputs:
            raise StructureError(f"{where}: {key} names {artifact}, which is no input of it")


def _check_stages(structure: Structure) -> None:
    if len(structure.stages) <= 1:
        raise StructureError("a pipeline needs at least two stages")
    if len({s.name for s in structure.stages}) != len(structure.stages):
        raise StructureError("stage names must be unique in a pipeline")
    for stage in structure.stages:
        names = [action.name for action in stage.actions]
        if not names or len(set(names)) != len(names):
            raise StructureError(
                f"stage {stage.name}: needs actions with distinct names, has {names}"
            )
    if structure.mode not in MODES:
        raise StructureError(f"execution mode {structure.mode} is not offered here")
    if structure.pipeline_type != "V2" and (structure.triggers or structure.variables):
        raise StructureError("triggers and variables need a pipeline of type V2")
    for index, stage in enumerate(structure.stages):
        if any((a.category == "Source") != (index == 0) for a in stage.actions):
            raise StructureError("the first stage, and only it, holds the source actions")


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
    used = [action.namespace for _, action in _actions(structure) if action.namespace]
    if doubled := sorted({n for n in used if used.count(n) > 1}):
        raise StructureError(f"namespaces are used by more than one action: {doubled}")
    if reserved := sorted(RESERVED_NAMESPACES.intersection(used)):
        raise StructureError(f"the namespace {reserved[0]} is reserved: name another")


def _check_references(structure: Structure) -> None:
    """`#{namespace.key}` may name the pipeline's own namespaces and those of earlier actions."""
    known = set(RESERVED_NAMESPACES)
    for stage in structure.stages:
        for wave in stage.waves():
            for action in wave:
                for key, text in action.configuration.items():
                    for namespace, whole in references(text):
                        if namespace not in known:
                            raise StructureError(
                                "The following pipeline execution variables are referencing a "
                                f"namespace that does not exist. StageName=[{stage.name}], "
                                f"ActionName=[{action.name}], ActionConfigurationKey=[{key}], "
                                f"VariableReferenceText=[{whole}]"
                            )
            known |= {action.namespace for action in wave if action.namespace}


def _check_triggers(structure: Structure) -> None:
    sources = {action.name for action in structure.sources()}
    named = [trigger.source_action for trigger in structure.triggers]
    for name in named:
        if name not in sources:
            raise StructureError(f"a trigger names the source action {name}, which is not there")
        if named.count(name) > 1:
            raise StructureError(f"the source action {name} has more than one trigger")
