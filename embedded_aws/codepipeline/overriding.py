"""OverrideStageCondition: a condition that is being checked, or that failed a stage, is waived.

Source: API reference, OverrideStageCondition: conditions before entry and on success, in the
stage's latest execution. Which ones "do not allow overrides" (ConditionNotOverridableException) is
not said; here those whose stage is past deciding: met, skipped, stopped, of another definition.
After a rollback, that is the stage's latest execution.
"""

from __future__ import annotations

from embedded_aws.codepipeline.executions import Execution
from embedded_aws.codepipeline.model import Kind
from embedded_aws.codepipeline.requests import stage_of
from embedded_aws.codepipeline.state import Pipeline
from embedded_aws.json_service import ServiceError


def override(
    pipeline: Pipeline, stage_name: str, execution_id: str, kind: Kind
) -> Execution | None:
    """Waives the condition; the execution that must now go on from there, None when it waits.

    The caller holds the lock, and notifies.
    """
    stage = stage_of(pipeline.structure, stage_name)
    execution = pipeline.execution(execution_id)
    if execution is None or execution is not pipeline.stage_state(stage_name).latest:
        raise ServiceError(
            "NotLatestPipelineExecutionException",
            f"Pipeline execution {execution_id} is not the latest in stage '{stage_name}'",
        )
    check = execution.condition(stage.name, kind)
    if check is not None and check.status == "InProgress":
        check.end("Overridden")
        return None
    failed_it = check is not None and check.status in ("Failed", "Errored")
    stage_failed = execution.status == "Failed" and execution.stages[stage_name].status == "Failed"
    same = execution.version == pipeline.version
    if check is None or not (failed_it and stage_failed and same):
        raise ServiceError(
            "ConditionNotOverridableException",
            "Unable to override because the condition does not allow overrides.",
        )
    check.end("Overridden", check.summary)
    return execution
