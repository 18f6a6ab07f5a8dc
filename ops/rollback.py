"""Which release a stage can be rolled back to, and the rollback.

CodePipeline goes back only to an execution that succeeded in the stage, is no rollback itself, and
was started with the pipeline's current definition ("Configuring stage rollback", AWS CodePipeline
User Guide).
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from ops import stages
from ops.errors import NotRolledBackError
from ops.pipeline import Pipeline
from ops.records import Execution
from ops.stages import Stage

# "RollbackStage", AWS CodePipeline API Reference, Errors: what is a matter of these executions.
_REFUSED = (
    "ConflictException",
    "PipelineExecutionNotFoundException",
    "PipelineExecutionOutdatedException",
    "UnableToRollbackStageException",
)
_REPAIR = "revert the commit and push that instead (`git revert`)"


def target_of(pipeline: Pipeline, stage: Stage, wanted: str | None) -> Execution:
    """The release to go back to. wanted: the beginning of an execution's id; else the release
    before the one that serves or, after a failure, the last one that succeeded.

    Raises `NotRolledBackError`.
    """
    latest, status = stages.inside(pipeline, stage)
    if status in ("InProgress", "Stopping"):
        raise NotRolledBackError(
            f"{latest} is in {stage.name} now: wait until it has left, or stop it first: aws"
            f" codepipeline stop-pipeline-execution --pipeline-name {pipeline.name}"
            f" --pipeline-execution-id {latest} --abandon"
        )
    good = stages.succeeded(pipeline, stage)
    if wanted is not None:
        found = _wanted(pipeline, stage, good, wanted)
    else:
        found = _before(stage, good, failed=status != "Succeeded")
    _check_version(pipeline, stage, found)
    return found


def roll_back(pipeline: Pipeline, stage: Stage, target: Execution) -> str:
    """Starts it; the id of the execution that rolls back. Raises `NotRolledBackError`."""
    try:
        return pipeline.roll_back(stage.name, target.id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        said = error.response["Error"]["Message"]
        raise NotRolledBackError(f"{stage.name} was not rolled back: {said}") from None


def _wanted(pipeline: Pipeline, stage: Stage, good: list[Execution], wanted: str) -> Execution:
    fitting = [each for each in pipeline.executions() if each.id.startswith(wanted)]
    if len(fitting) != 1:
        problem = f"fits {len(fitting)} executions" if fitting else "is no execution"
        raise NotRolledBackError(f"{wanted} {problem} of {pipeline.name}; {_choice(stage, good)}")
    (found,) = fitting
    if found.rollback:
        raise NotRolledBackError(
            f"{found.id} is a rollback itself: name its target, {found.target}"
        )
    if found not in good:
        raise NotRolledBackError(
            f"{found.id} did not succeed in {stage.name}; {_choice(stage, good)}"
        )
    return found


def _before(stage: Stage, good: list[Execution], *, failed: bool) -> Execution:
    """good: newest first. failed: did the latest execution in the stage fail?"""
    served = [each.target or each.id for each in good[:1]]
    releases = [each for each in good if not each.rollback]
    places = [place for place, each in enumerate(releases) if each.id in served]
    first = places[0] + (0 if failed else 1) if places else 0
    if len(releases) <= first:
        raise NotRolledBackError(
            f"there is nothing to roll {stage.name} back to: no release before this one succeeded"
            f" there; {_REPAIR}"
        )
    return releases[first]


def _check_version(pipeline: Pipeline, stage: Stage, target: Execution) -> None:
    then, now = pipeline.version_of(target.id), pipeline.version()
    if then != now:
        raise NotRolledBackError(
            f"{stage.name} cannot be rolled back to {target.id}: that was started with version"
            f" {then} of the pipeline, which has version {now} since it updated itself, and"
            f" CodePipeline goes back to its current definition only; {_REPAIR}"
        )


def _choice(stage: Stage, good: list[Execution]) -> str:
    known = ", ".join(each.id for each in good if not each.rollback)
    return f"in {stage.name} succeeded: {known or 'none'}"
