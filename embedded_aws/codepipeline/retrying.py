"""RetryStageExecution: which stage may be run again, and where it begins.

Source: CodePipeline user guide, "stage-retry": the latest execution of a stage, in an unchanged
pipeline, when the stage failed or was stopped.
"""

from __future__ import annotations

from collections.abc import Collection

from embedded_aws.codepipeline.executions import Execution
from embedded_aws.codepipeline.model import Stage
from embedded_aws.codepipeline.passage import Beginning, succeeded
from embedded_aws.codepipeline.requests import stage_of
from embedded_aws.codepipeline.state import Pipeline
from embedded_aws.json_service import ServiceError


def retryable(pipeline: Pipeline, stage_name: str, execution_id: str) -> tuple[Execution, Stage]:
    """The execution and its stage, or AWS's exception. The caller holds the lock."""
    stage = stage_of(pipeline.structure, stage_name)
    latest = pipeline.stage_state(stage_name).latest
    execution = pipeline.execution(execution_id)
    if execution is None or execution is not latest:
        raise ServiceError(
            "NotLatestPipelineExecutionException",
            f"Pipeline execution {execution_id} is not the latest in stage '{stage_name}'",
        )
    stage_run = execution.stages[stage_name]
    retryable = stage_run.status in ("Failed", "Stopped") and execution.ended
    if not retryable or execution.version != pipeline.version:
        raise _not_retryable()
    return execution, stage


def begin(execution: Execution, stage: Stage, mode: str) -> tuple[Beginning, Collection[str]]:
    """Where the retry begins and which actions it keeps; counted.

    A stage that its entry condition kept out is asked again.
    """
    done = succeeded(execution, stage) if mode == "FAILED_ACTIONS" else set()
    if done == {action.name for action in stage.actions}:
        raise _not_retryable()
    run = execution.stages[stage.name]
    run.retries, run.retry = run.retries + 1, "ManualStageRetry"
    entered = any(each.stage == stage.name for each in execution.runs)
    return ("actions" if entered else "entry"), done


def _not_retryable() -> ServiceError:
    return ServiceError(
        "StageNotRetryableException",
        "Unable to retry. The pipeline structure or stage state might have changed while actions "
        "awaited retry, or the stage contains no failed actions.",
    )
