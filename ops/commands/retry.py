"""Runs a failed stage again, for the execution that failed there last: its failed actions.

A stage that was kept out by its entry condition (held, or outside of its window) is asked again,
and an approval that was given stays given. CodePipeline refuses it when the pipeline has changed or
another execution has come to the stage since. Waits until the execution has ended, or waits for an
approval.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from botocore.exceptions import ClientError

from ops import stages
from ops.commands.common import (
    BAD_NEWS,
    DONE,
    ClientOf,
    dry_run_option,
    environment_argument,
    followed,
    json_option,
    show,
)
from ops.errors import NotRetriedError
from ops.pipeline import Pipeline, found
from ops.stages import Stage
from ops.text import plain

HELP: Final = "run a failed stage again"
# "RetryStageExecution", AWS CodePipeline API Reference, Errors: what is a matter of the stage.
_REFUSED: Final = (
    "ConcurrentPipelineExecutionsLimitExceededException",
    "ConflictException",
    "NotLatestPipelineExecutionException",
    "StageNotRetryableException",
)


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    environment_argument(parser)
    parser.add_argument(
        "--all-actions", action="store_true", help="not only the failed ones; asks approvals again"
    )
    dry_run_option(parser)
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    stage = stages.stage_of(pipeline, given.environment)
    execution_id = _failed(pipeline, stage)
    document = {
        "pipeline": pipeline.name,
        "stage": stage.name,
        "execution_id": execution_id,
        "dry_run": given.dry_run,
    }
    if given.dry_run:
        show(document, f"would retry {stage.name} of {execution_id}", as_json=given.json)
        return DONE
    _retry(pipeline, stage, execution_id, all_actions=given.all_actions)
    ended = followed(pipeline, execution_id, given)
    text = f"{execution_id} {ended.status}  {plain(ended.summary)}".rstrip()
    show(document | {"status": ended.status}, text, as_json=given.json)
    return BAD_NEWS if ended.status in ("Failed", "Stopped", "Cancelled") else DONE


def _failed(pipeline: Pipeline, stage: Stage) -> str:
    """The execution that failed in the stage last. Raises `NotRetriedError`."""
    execution_id, status = stages.inside(pipeline, stage)
    if status in ("Failed", "Stopped"):
        return execution_id
    last = f"its latest execution, {execution_id}, is {status}" if execution_id else "none ran"
    raise NotRetriedError(f"nothing failed in {stage.name}: {last}")


def _retry(pipeline: Pipeline, stage: Stage, execution_id: str, *, all_actions: bool) -> None:
    try:
        pipeline.retry(stage.name, execution_id, all_actions=all_actions)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        said = error.response["Error"]["Message"]
        raise NotRetriedError(f"{stage.name} was not retried: {said} Push instead.") from None
