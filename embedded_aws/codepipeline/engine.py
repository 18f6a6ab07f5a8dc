"""How executions move through a pipeline.

Source: CodePipeline user guide "concepts-how-it-works":

- Rule 1: a stage holds one execution at a time; it is locked until its actions have ended. A stage
  with an approval is locked until that is answered or has timed out.
- Rule 2: executions wait before a locked stage, or before a disabled transition.
- Rule 3: executions are superseded only between stages: a newer one takes the place of one that
  waits, never of one inside a stage.

And "pipelines-edit": when a definition changes, running actions end by themselves, then their
executions go no further. The API calls those executions Cancelled ("the pipeline's definition was
updated before the pipeline execution could be completed"). The guide does not say what becomes of
an approval that waits then; here it is abandoned, since nobody can approve what will not go on.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from datetime import datetime

from embedded_aws.codepipeline import overriding, retrying, rollback
from embedded_aws.codepipeline.actions.base import Runner
from embedded_aws.codepipeline.admission import Admission
from embedded_aws.codepipeline.conditions.checking import Checker, end_checks
from embedded_aws.codepipeline.executions import ActionRun, Execution, now
from embedded_aws.codepipeline.model import Kind, Stage, Structure
from embedded_aws.codepipeline.passage import Beginning, Left, Passage, reason
from embedded_aws.codepipeline.performing import Performer
from embedded_aws.codepipeline.requests import invalid, stage_of
from embedded_aws.codepipeline.state import Pipeline, State
from embedded_aws.json_service import ServiceError


class Engine:
    """Runs executions on threads of its own. Every public method may be called from any thread."""

    def __init__(self, state: State, runners: Mapping[str, Runner]) -> None:
        """`runners` maps a provider of actions or rules to what performs them."""
        self.state = state
        self._changed = state.changed
        self._admission = Admission(state)
        performer = Performer(state, runners)
        self._passage = Passage(state, performer, Checker(state, performer))

    # -- starting, changing and ending pipelines -----------------------------------------------

    def start(
        self,
        pipeline: Pipeline,
        trigger: tuple[str, str],
        *,
        variables: Mapping[str, str] | None = None,
        revisions: Mapping[str, tuple[str, str | None]] | None = None,
    ) -> Execution:
        """A new execution of the pipeline as it is defined now.

        `trigger` is (triggerType, triggerDetail). `revisions` maps a source action to the
        (revision, branch) it must fetch; the others fetch the newest revision.
        """
        with self._changed:
            structure = pipeline.structure
            execution = Execution(
                number=len(pipeline.executions) + 1,
                structure=structure,
                version=pipeline.version,
                trigger_type=trigger[0],
                trigger_detail=trigger[1],
                variables=_variables(structure, variables or {}),
                source_revisions=dict(revisions or {}),
            )
            pipeline.executions.append(execution)
            self._admission.arrive(pipeline, execution, structure.stages[0])
        self._go_on(pipeline, execution, structure.stages[0])
        return execution

    def update(self, pipeline: Pipeline, structure: Structure) -> None:
        """Gives the pipeline a new definition and ends what runs with the old one."""
        with self._changed:
            pipeline.structure = structure
            pipeline.version += 1
            pipeline.updated = now()
            pipeline.history[pipeline.version] = structure
            self._outdate(pipeline)

    def delete(self, pipeline: Pipeline) -> None:
        """Removes the pipeline; actions that run already end unobserved."""
        with self._changed:
            self._outdate(pipeline)
            for execution in pipeline.executions:
                self._abandon(execution)
            self.state.remove(pipeline)

    def _outdate(self, pipeline: Pipeline) -> None:
        for execution in pipeline.executions:
            if execution.ended:
                continue
            execution.outdated = True
            if self._admission.withdraw(pipeline, execution):
                execution.end("Cancelled", "The pipeline's definition was updated.")
            end_checks(execution, "Cancelled")
            for run in execution.runs:
                if run.action.is_approval and run.status == "InProgress":
                    run.end("Abandoned")
        self._changed.notify_all()

    # -- commands ------------------------------------------------------------------------------

    def stop(self, pipeline: Pipeline, execution_id: str, *, abandon: bool, reason: str) -> None:
        """StopPipelineExecution: after the running actions, or at once when `abandon`."""
        with self._changed:
            execution = pipeline.execution(execution_id)
            if execution is None or execution.ended:
                raise ServiceError(
                    "PipelineExecutionNotStoppableException",
                    f"Unable to stop pipeline execution {execution_id}: it is not in progress",
                )
            if execution.status == "Stopping" and not abandon:
                raise ServiceError(
                    "DuplicatedStopRequestException",
                    f"Pipeline execution {execution_id} is already stopping",
                )
            execution.status, execution.updated = "Stopping", now()
            execution.stop_reason = reason
            end_checks(execution, "Abandoned" if abandon else "Cancelled")
            if self._admission.withdraw(pipeline, execution):
                execution.end("Stopped", reason)
            elif abandon:
                self._abandon(execution)
            self._changed.notify_all()

    def _abandon(self, execution: Execution) -> None:
        execution.abandoned = True
        for run in execution.runs:
            if run.status == "InProgress":
                run.end("Abandoned")
        self._changed.notify_all()

    def retry(self, pipeline: Pipeline, stage_name: str, execution_id: str, mode: str) -> None:
        """RetryStageExecution: the failed actions of a stage again, or all of them."""
        with self._changed:
            execution, stage = retrying.retryable(pipeline, stage_name, execution_id)
            beginning, done = retrying.begin(execution, stage, mode)
            self._resume(pipeline, execution, stage, beginning, done)

    def rollback(self, pipeline: Pipeline, stage_name: str, target_id: str, by: str) -> Execution:
        """RollbackStage: a new execution that runs the stage again with the target's results."""
        with self._changed:
            execution = rollback.manual(pipeline, stage_name, target_id, by)
            self._roll_back(pipeline, execution, stage_of(pipeline.structure, stage_name))
            return execution

    def override(self, pipeline: Pipeline, stage_name: str, execution_id: str, kind: Kind) -> None:
        """OverrideStageCondition: the execution goes on as if the condition had been met."""
        with self._changed:
            execution = overriding.override(pipeline, stage_name, execution_id, kind)
            if execution is not None:
                stage = stage_of(pipeline.structure, stage_name)
                beginning: Beginning = "actions" if kind == "BEFORE_ENTRY" else "end"
                self._resume(pipeline, execution, stage, beginning, ())
            self._changed.notify_all()

    def answer_approval(
        self, pipeline: Pipeline, run: ActionRun, *, approved: bool, summary: str, by: str
    ) -> datetime:
        """PutApprovalResult, once it is clear which approval is meant."""
        with self._changed:
            if run.status != "InProgress":
                raise ServiceError(
                    "ApprovalAlreadyCompletedException",
                    f"The approval action '{run.action.name}' of pipeline '{pipeline.name}' "
                    "has already been approved or rejected",
                )
            run.summary, run.updated_by = summary, by
            if approved:
                run.end("Succeeded")
            else:
                run.end("Failed", ("JobFailed", f"Rejected by {by}: {summary}"))
            self._changed.notify_all()
            return run.updated

    def answer_job(self, run: ActionRun, failure: tuple[str, str] | None = None) -> None:
        """PutJobSuccessResult, or with (type, message) PutJobFailureResult."""
        with self._changed:
            if run.status != "InProgress":
                raise ServiceError(
                    "InvalidJobStateException", f"The job {run.id} has ended already"
                )
            run.end("Failed" if failure else "Succeeded", failure)
            self._changed.notify_all()

    # -- one execution -------------------------------------------------------------------------

    def _go_on(
        self,
        pipeline: Pipeline,
        execution: Execution,
        stage: Stage,
        beginning: Beginning = "entry",
        done: Collection[str] = (),
    ) -> None:
        """The life of an execution from this stage on, on a thread of its own."""
        threading.Thread(
            target=self._advance,
            args=(pipeline, execution, stage, beginning, done),
            name=f"codepipeline {execution.id}",
            daemon=True,
        ).start()

    def _advance(
        self,
        pipeline: Pipeline,
        execution: Execution,
        first: Stage,
        beginning: Beginning,
        done: Collection[str],
    ) -> None:
        index = execution.structure.stage_index(first.name)
        for stage in execution.structure.stages[index:]:
            if not self._admission.enter(pipeline, execution, stage):
                return
            left = self._passage.take(pipeline, execution, stage, beginning, done)
            beginning, done = "entry", ()
            self._leave(pipeline, execution, stage, left)
            if execution.ended:
                return

    def _resume(
        self,
        pipeline: Pipeline,
        execution: Execution,
        stage: Stage,
        beginning: Beginning,
        done: Collection[str],
    ) -> None:
        """An execution that had ended is in its last stage again, and goes on from there."""
        execution.status, execution.summary, execution.updated = "InProgress", "", now()
        execution.abandoned, execution.stop_reason = False, None
        self._admission.occupy(pipeline, execution, stage)
        self._go_on(pipeline, execution, stage, beginning, done)

    def _roll_back(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> None:
        pipeline.executions.append(execution)
        self._admission.occupy(pipeline, execution, stage)
        self._go_on(pipeline, execution, stage)

    def _leave(self, pipeline: Pipeline, execution: Execution, stage: Stage, left: Left) -> None:
        """Unlocks the stage; the execution goes on to the next one, or ends."""
        with self._changed:
            pipeline.stage_state(stage.name).current = None
            execution.stages[stage.name].status = left.status
            execution.updated = now()
            following = execution.structure.stage_index(stage.name) + 1
            if not left.goes_on:
                execution.end(left.status, reason(execution, stage, left.status))
            elif execution.target is None and following < len(execution.structure.stages):
                self._admission.arrive(pipeline, execution, execution.structure.stages[following])
            else:
                execution.end("Succeeded")
            if left.rolls_back and (back := rollback.automatic(pipeline, stage, execution)):
                self._roll_back(pipeline, back, stage)
            self._changed.notify_all()


def _variables(structure: Structure, given: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(given) - set(structure.variables))
    if unknown:
        raise invalid(f"The pipeline declares no variables {unknown}")
    values = {name: given.get(name, default) for name, default in structure.variables.items()}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise invalid(f"Variables without a value: {missing}")
    return {name: value for name, value in values.items() if value is not None}
