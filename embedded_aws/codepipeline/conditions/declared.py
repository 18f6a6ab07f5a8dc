"""What AWS refuses about the conditions of a pipeline's stages, or is not offered here.

How many conditions and rules there may be, and the names that they may have, is in the service
model already. Sources besides the rule reference: "stage-conditions" (which result where),
"stage-rollback" (no rollback of a source stage), CDK `RuleProps.name` (unique in a pipeline),
CloudFormation's schema of `FailureConditions` (its own Result is ROLLBACK or RETRY).
"""

from __future__ import annotations

from collections.abc import Iterator

from embedded_aws.codepipeline.conditions import variable, window
from embedded_aws.codepipeline.conditions.providers import PROVIDERS, VERSION, Provider
from embedded_aws.codepipeline.model import Action, Condition, Kind, Stage, Structure
from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.variables import RESERVED_NAMESPACES, references

RESULTS: dict[Kind, tuple[str, ...]] = {
    "BEFORE_ENTRY": ("FAIL", "SKIP"),
    "ON_SUCCESS": ("FAIL", "ROLLBACK"),
    "ON_FAILURE": ("ROLLBACK",),
}
FAILURE_RESULTS = ("ROLLBACK", "RETRY")
_SHOWN: dict[Kind, str] = {
    "BEFORE_ENTRY": "beforeEntry",
    "ON_SUCCESS": "onSuccess",
    "ON_FAILURE": "onFailure",
}


def check(structure: Structure) -> None:
    """Raises `StructureError` for the first thing about conditions that is not right."""
    for stage in structure.stages:
        if any(True for _ in stage.conditions()) or stage.on_failure:
            _check_stage(structure, stage)
    names = [rule.name for rule in _rules(structure)]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise StructureError(f"rule names must be unique in a pipeline, not so: {doubled}")


def _rules(structure: Structure) -> Iterator[Action]:
    for stage in structure.stages:
        for _, condition in stage.conditions():
            yield from condition.rules


def _check_stage(structure: Structure, stage: Stage) -> None:
    if structure.pipeline_type != "V2":
        raise StructureError(
            f"stage {stage.name}: conditions and rollbacks need a pipeline of type V2"
        )
    failure = stage.on_failure.result if stage.on_failure else None
    if failure not in (None, *FAILURE_RESULTS):
        raise StructureError(
            f"stage {stage.name}: onFailure may have the result {_either(FAILURE_RESULTS)}, "
            f"not {failure}"
        )
    results = [failure, *(condition.result for _, condition in stage.conditions())]
    if stage is structure.stages[0] and "ROLLBACK" in results:
        raise StructureError(f"stage {stage.name}: a source stage cannot be rolled back")
    for kind, condition in stage.conditions():
        where = f"stage {stage.name}, {_SHOWN[kind]}"
        _check_condition(where, kind, condition)
        for rule in condition.rules:
            _check_rule(f"{where}, rule {rule.name}", rule, structure)
            _check_known(where, structure, stage, kind, rule)


def _check_condition(where: str, kind: Kind, condition: Condition) -> None:
    if condition.result not in RESULTS[kind]:
        raise StructureError(
            f"{where}: a condition there needs the result {_either(RESULTS[kind])}, "
            f"not {condition.result or 'none'}"
        )
    if not condition.rules:
        raise StructureError(f"{where}: a condition needs at least one rule")
    if condition.result == "SKIP":
        allowed = [name for name, provider in PROVIDERS.items() if provider.may_skip]
        for rule in condition.rules:
            if rule.provider not in allowed:
                raise StructureError(
                    f"{where}: for the result SKIP only {_either(allowed)} is available, "
                    f"not {rule.provider}"
                )


def _check_rule(where: str, rule: Action, structure: Structure) -> None:
    provider = PROVIDERS.get(rule.provider)
    if (rule.category, rule.owner, rule.version) != ("Rule", "AWS", VERSION) or provider is None:
        raise StructureError(
            f"{where}: there is no rule type {rule.category}/{rule.owner}/{rule.provider}/"
            f"{rule.version}; there is {', '.join(PROVIDERS)}"
        )
    if rule.region not in (None, *structure.stores):
        raise StructureError(
            f"{where}: the pipeline has no artifact store in the rule's region {rule.region}"
        )
    _check_configuration(where, rule, provider)
    fewest, most = provider.inputs
    if not fewest <= len(rule.inputs) <= most:
        raise StructureError(
            f"{where}: {rule.provider} takes {fewest} to {most} input artifacts, "
            f"not {len(rule.inputs)}"
        )
    if bool(rule.commands) != (rule.provider == "Commands"):
        raise StructureError(f"{where}: commands belong to a rule of provider Commands, and must")
    if rule.provider == "VariableCheck":
        variable.check(where, rule.configuration)
    if rule.provider == "DeploymentWindow":
        window.check(where, rule.configuration)


def _check_configuration(where: str, rule: Action, provider: Provider) -> None:
    for key in provider.required:
        if not rule.configuration.get(key):
            raise StructureError(f"{where} is missing required configuration '{key}'")
    unknown = sorted(rule.configuration.keys() - {*provider.required, *provider.optional})
    if unknown:
        raise StructureError(f"{where} contains unknown configuration '{unknown[0]}'")


def _check_known(where: str, structure: Structure, stage: Stage, kind: Kind, rule: Action) -> None:
    """A rule may use what the stages before it made, and its own stage when that has run."""
    index = structure.stage_index(stage.name) + (kind != "BEFORE_ENTRY")
    before = [action for earlier in structure.stages[:index] for action in earlier.actions]
    if missing := sorted(set(rule.inputs) - {name for a in before for name in a.outputs}):
        raise StructureError(f"{where}, rule {rule.name}: no earlier action outputs {missing}")
    known = RESERVED_NAMESPACES | {action.namespace for action in before}
    for key, text in rule.configuration.items():
        for namespace, whole in references(text):
            if namespace not in known:
                raise StructureError(
                    f"{where}, rule {rule.name}: {key} refers to {whole}, whose namespace no "
                    "earlier action has"
                )


def _either(names: tuple[str, ...] | list[str]) -> str:
    return " or ".join(names)
