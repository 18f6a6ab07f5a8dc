"""Which execution a stage can be rolled back to, and the execution that does it.

Source: CodePipeline user guide, "stage-rollback": not a source stage, only to an execution that
succeeded in the stage and was started in the pipeline's current version, not to a rollback; "the
target pipeline execution is used to retrieve source revisions and variables", and artifacts.
"stage-rollback-auto": the most recent such execution, and none when there is none.
`triggerDetail` as in the examples of "stage-rollback-view-details".
"""

from __future__ import annotations

import json

from embedded_aws.codepipeline.executions import Execution
from embedded_aws.codepipeline.model import Stage
from embedded_aws.codepipeline.requests import stage_of
from embedded_aws.codepipeline.state import Pipeline
from embedded_aws.json_service import ServiceError


def manual(pipeline: Pipeline, stage_name: str, target_id: str, by: str) -> Execution:
    """The execution that RollbackStage starts, or AWS's exception. The caller holds the lock."""
    stage = stage_of(pipeline.structure, stage_name)
    target = pipeline.execution(target_id)
    if target is None:
        raise ServiceError(
            "PipelineExecutionNotFoundException",
            f"Pipeline '{pipeline.name}' has no execution with ID '{target_id}'",
        )
    if target.version != pipeline.version:
        raise ServiceError(
            "PipelineExecutionOutdatedException",
            f"Pipeline execution {target_id} was started in version {target.version} of the "
            f"pipeline, which has version {pipeline.version} now: it cannot be rolled back to",
        )
    if reason := _obstacle(pipeline, stage, target):
        raise ServiceError(
            "UnableToRollbackStageException", f"Unable to roll back stage '{stage_name}': {reason}"
        )
    return _execution(pipeline, target, ("ManualRollback", by))


def automatic(pipeline: Pipeline, stage: Stage, failed: Execution) -> Execution | None:
    """The execution that rolls back what has just failed; None when there is nothing to go to."""
    for candidate in reversed(pipeline.executions):
        if _is_target(pipeline, stage, candidate):
            detail = json.dumps({"FailedPipelineExecutionId": failed.id})
            return _execution(pipeline, candidate, ("AutomatedRollback", detail))
    return None


def _obstacle(pipeline: Pipeline, stage: Stage, target: Execution) -> str | None:
    if pipeline.structure.pipeline_type != "V2":
        return "the pipeline is not of type V2"
    if stage is pipeline.structure.stages[0]:
        return "a source stage cannot be rolled back"
    if pipeline.stage_state(stage.name).current:
        return "the stage is currently running"
    if target.target:
        return f"pipeline execution {target.id} is a rollback itself"
    if not target.succeeded_in(stage.name):
        return f"pipeline execution {target.id} did not succeed in it"
    return None


def _is_target(pipeline: Pipeline, stage: Stage, candidate: Execution) -> bool:
    return candidate.version == pipeline.version and not _obstacle(pipeline, stage, candidate)


def _execution(pipeline: Pipeline, target: Execution, trigger: tuple[str, str]) -> Execution:
    return Execution(
        number=len(pipeline.executions) + 1,
        structure=target.structure,
        version=target.version,
        trigger_type=trigger[0],
        trigger_detail=trigger[1],
        variables=dict(target.variables),
        source_revisions=dict(target.source_revisions),
        target=target,
    )
