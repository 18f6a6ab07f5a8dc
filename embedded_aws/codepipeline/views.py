"""What the API answers: records in the shapes of CodePipeline's service model.

The caller holds the state's lock. Timestamps are seconds since 1970, as JSON 1.1 has them.
"""

from __future__ import annotations

from typing import Any

from embedded_aws.answers import without_none
from embedded_aws.codepipeline.conditions.views import condition_states
from embedded_aws.codepipeline.executions import ActionRun, Execution, Revision, StageRun
from embedded_aws.codepipeline.model import Stage
from embedded_aws.codepipeline.runs import artifacts, error
from embedded_aws.codepipeline.state import Pipeline

SUMMARY_CHARACTERS = 2048
View = dict[str, Any]


def pipeline(record: Pipeline, version: int) -> View:
    """GetPipeline."""
    declaration = record.history[version].declaration
    return {
        "pipeline": {**declaration, "version": version},
        "metadata": {
            "pipelineArn": record.arn,
            "created": record.created.timestamp(),
            "updated": record.updated.timestamp(),
        },
    }


def pipeline_summary(record: Pipeline) -> View:
    """A row of ListPipelines."""
    return {
        "name": record.name,
        "version": record.version,
        "pipelineType": record.structure.pipeline_type,
        "executionMode": record.structure.mode,
        "created": record.created.timestamp(),
        "updated": record.updated.timestamp(),
    }


def pipeline_state(record: Pipeline) -> View:
    """GetPipelineState."""
    return {
        "pipelineName": record.name,
        "pipelineVersion": record.version,
        "stageStates": [_stage_state(record, stage) for stage in record.structure.stages],
        "created": record.created.timestamp(),
        "updated": record.updated.timestamp(),
    }


def _stage_state(record: Pipeline, stage: Stage) -> View:
    state = record.stage_state(stage.name)
    reason = record.structure.disabled_transitions.get(stage.name)
    view: View = {
        "stageName": stage.name,
        "inboundExecutions": [
            {"pipelineExecutionId": e.id, "status": "InProgress", "type": e.type}
            for e in state.waiting
        ],
        "inboundTransitionState": without_none(
            {"enabled": reason is None, "disabledReason": reason}
        ),
        "actionStates": [_action_state(state.latest, stage, a.name) for a in stage.actions],
    }
    if state.waiting:
        view["inboundExecution"] = view["inboundExecutions"][0]
    if state.latest:
        run = state.latest.stages[stage.name]
        stopping = run.status == "InProgress" and state.latest.status == "Stopping"
        view["latestExecution"] = {
            "pipelineExecutionId": state.latest.id,
            "status": "Stopping" if stopping else run.status,
            "type": state.latest.type,
        }
        if run.retry:
            view["retryStageMetadata"] = _retries(run)
    return view | condition_states(stage, state.latest)


def _retries(run: StageRun) -> View:
    return without_none(
        {
            "autoStageRetryAttempt": run.automatic_retries or None,
            "manualStageRetryAttempt": run.retries or None,
            "latestRetryTrigger": run.retry,
        }
    )


def _action_state(latest: Execution | None, stage: Stage, name: str) -> View:
    view: View = {"actionName": name}
    run = latest.latest_run(stage.name, name) if latest else None
    if run is None:
        return view
    view["latestExecution"] = _action_execution(run)
    if run.revision:
        view["currentRevision"] = {
            "revisionId": run.revision.id,
            "revisionChangeId": run.revision.id,
            "created": run.revision.created.timestamp(),
        }
    if run.entity_url:
        view["entityUrl"] = run.entity_url
    return view


def _action_execution(run: ActionRun) -> View:
    return without_none(
        {
            "actionExecutionId": run.id,
            "status": run.status,
            "summary": run.summary[:SUMMARY_CHARACTERS] or None,
            "lastStatusChange": run.updated.timestamp(),
            "token": run.token if run.status == "InProgress" else None,
            "lastUpdatedBy": run.updated_by,
            "externalExecutionId": run.external_id,
            "externalExecutionUrl": run.external_url,
            "errorDetails": error(run),
            "logStreamARN": run.log_stream_arn,
        }
    )


def execution(record: Pipeline, found: Execution) -> View:
    """GetPipelineExecution."""
    return {
        "pipelineExecution": without_none(
            {
                "pipelineName": record.name,
                "pipelineVersion": found.version,
                "pipelineExecutionId": found.id,
                "status": found.status,
                "statusSummary": found.summary or None,
                "artifactRevisions": [_artifact_revision(r) for r in found.revisions()],
                "variables": [
                    {"name": name, "resolvedValue": value}
                    for name, value in found.variables.items()
                ],
                "trigger": _trigger(found),
                "executionMode": found.structure.mode,
                **_type(found),
            }
        )
    }


def execution_summary(found: Execution) -> View:
    """A row of ListPipelineExecutions."""
    return without_none(
        {
            "pipelineExecutionId": found.id,
            "status": found.status,
            "statusSummary": found.summary or None,
            "startTime": found.started.timestamp(),
            "lastUpdateTime": found.updated.timestamp(),
            "sourceRevisions": [_source_revision(r) for r in found.revisions()],
            "trigger": _trigger(found),
            "stopTrigger": {"reason": found.stop_reason} if found.stop_reason else None,
            "executionMode": found.structure.mode,
            **_type(found),
        }
    )


def action_execution_detail(found: Execution, run: ActionRun, region: str) -> View:
    """A row of ListActionExecutions."""
    return without_none(
        {
            "pipelineExecutionId": found.id,
            "actionExecutionId": run.id,
            "pipelineVersion": found.version,
            "stageName": run.stage,
            "actionName": run.action.name,
            "startTime": run.started.timestamp(),
            "lastUpdateTime": run.updated.timestamp(),
            "updatedBy": run.updated_by,
            "status": run.status,
            "input": _input(run, region),
            "output": _output(run),
        }
    )


def _input(run: ActionRun, region: str) -> View:
    action = run.action
    return without_none(
        {
            "actionTypeId": {
                "category": action.category,
                "owner": action.owner,
                "provider": action.provider,
                "version": action.version,
            },
            "configuration": dict(action.configuration),
            "resolvedConfiguration": run.configuration,
            "roleArn": action.role_arn,
            "region": action.region or region,
            "inputArtifacts": artifacts(run.inputs),
            "namespace": action.namespace,
        }
    )


def _output(run: ActionRun) -> View:
    result = without_none(
        {
            "externalExecutionId": run.external_id,
            "externalExecutionSummary": run.summary or None,
            "externalExecutionUrl": run.external_url,
            "errorDetails": error(run),
            "logStreamARN": run.log_stream_arn,
        }
    )
    return {
        "outputArtifacts": artifacts(run.outputs),
        "executionResult": result,
        "outputVariables": run.variables,
    }


def _artifact_revision(revision: Revision) -> View:
    return without_none(
        {
            "name": revision.artifact,
            "revisionId": revision.id,
            "revisionSummary": revision.summary or None,
            "created": revision.created.timestamp(),
            "revisionUrl": revision.url,
        }
    )


def _source_revision(revision: Revision) -> View:
    return without_none(
        {
            "actionName": revision.action,
            "revisionId": revision.id,
            "revisionSummary": revision.summary or None,
            "revisionUrl": revision.url,
        }
    )


def _type(found: Execution) -> View:
    if found.target is None:
        return {"executionType": found.type}
    target = {"rollbackTargetPipelineExecutionId": found.target.id}
    return {"executionType": found.type, "rollbackMetadata": target}


def _trigger(found: Execution) -> View:
    return {"triggerType": found.trigger_type, "triggerDetail": found.trigger_detail}
