"""What the API answers about conditions and rules, in the shapes of the service model."""

from __future__ import annotations

from typing import Any

from embedded_aws.answers import without_none
from embedded_aws.codepipeline.conditions.providers import PROVIDERS, VERSION, Provider
from embedded_aws.codepipeline.executions import ActionRun, Execution
from embedded_aws.codepipeline.model import Action, Kind, Stage
from embedded_aws.codepipeline.runs import artifacts, error

View = dict[str, Any]
_MEMBERS: dict[Kind, str] = {
    "BEFORE_ENTRY": "beforeEntryConditionState",
    "ON_SUCCESS": "onSuccessConditionState",
    "ON_FAILURE": "onFailureConditionState",
}


def condition_states(stage: Stage, latest: Execution | None) -> View:
    """The members of a `StageState` about the conditions that the stage has."""
    return {
        _MEMBERS[kind]: _condition_state(stage, kind, condition.rules, latest)
        for kind, condition in stage.conditions()
    }


def _condition_state(
    stage: Stage, kind: Kind, rules: tuple[Action, ...], latest: Execution | None
) -> View:
    check = latest.condition(stage.name, kind) if latest else None
    if check is None:
        return {"conditionStates": [{"ruleStates": [{"ruleName": r.name} for r in rules]}]}
    about = without_none({"status": check.status, "summary": check.summary[:2048] or None})
    changed = {"lastStatusChange": check.updated.timestamp()}
    states = [_rule_state(run) for run in check.runs]
    return {
        "latestExecution": about,
        "conditionStates": [{"latestExecution": about | changed, "ruleStates": states}],
    }


def _rule_state(run: ActionRun) -> View:
    execution = {
        "ruleExecutionId": run.id,
        "status": run.status,
        "summary": run.summary[:2048] or None,
        "lastStatusChange": run.updated.timestamp(),
        "externalExecutionId": run.external_id,
        "externalExecutionUrl": run.external_url,
        "errorDetails": error(run),
    }
    return {"ruleName": run.action.name, "latestExecution": without_none(execution)}


def rule_execution_detail(found: Execution, run: ActionRun, region: str) -> View:
    """A row of ListRuleExecutions."""
    result = {
        "externalExecutionId": run.external_id,
        "externalExecutionSummary": run.summary or None,
        "externalExecutionUrl": run.external_url,
        "errorDetails": error(run),
    }
    return {
        "pipelineExecutionId": found.id,
        "ruleExecutionId": run.id,
        "pipelineVersion": found.version,
        "stageName": run.stage,
        "ruleName": run.action.name,
        "startTime": run.started.timestamp(),
        "lastUpdateTime": run.updated.timestamp(),
        "status": run.status,
        "input": _input(run, region),
        "output": {"executionResult": without_none(result)},
    }


def _input(run: ActionRun, region: str) -> View:
    rule = run.action
    return without_none(
        {
            "ruleTypeId": _type_id(rule.provider),
            "configuration": dict(rule.configuration),
            "resolvedConfiguration": run.configuration,
            "roleArn": rule.role_arn,
            "region": rule.region or region,
            "inputArtifacts": artifacts(run.inputs),
        }
    )


def rule_types() -> list[View]:
    """ListRuleTypes."""
    return [
        {
            "id": _type_id(name),
            "ruleConfigurationProperties": _properties(provider),
            "inputArtifactDetails": {
                "minimumCount": provider.inputs[0],
                "maximumCount": provider.inputs[1],
            },
        }
        for name, provider in PROVIDERS.items()
    ]


def _properties(provider: Provider) -> list[View]:
    return [
        {"name": key, "required": key in provider.required, "key": True, "secret": False}
        for key in (*provider.required, *provider.optional)
    ]


def _type_id(provider: str) -> View:
    return {"category": "Rule", "owner": "AWS", "provider": provider, "version": VERSION}
