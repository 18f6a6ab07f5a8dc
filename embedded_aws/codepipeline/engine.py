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

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome, Runner
from embedded_aws.codepipeline.model import APPROVAL_TIMEOUT_MINUTES, Stage, Structure
from embedded_aws.codepipeline.requests import invalid
from embedded_aws.codepipeline.state import (
    ActionRun,
    Artifact,
    Execution,
    Pipeline,
    StageRun,
    State,
    now,
)
from embedded_aws.codepipeline.variables import resolve_configuration
from embedded_aws.json_service import ServiceError

logger = logging.getLogger("codepipeline")


class Engine:
    """Runs executions on threads of its own. Every public method may be called from any thread."""

    def __init__(self, state: State, runners: Mapping[str, Runner]) -> None:
        """`runners` maps an action provider to what performs its actions."""
        self.state = state
        self._changed = state.changed
        self._runners = runners

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
            self._arrive(pipeline, execution, structure.stages[0])
        self._thread(self._advance, pipeline, execution, 0)
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
            if self._withdraw(pipeline, execution):
                execution.end("Cancelled", "The pipeline's definition was updated.")
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
            if self._withdraw(pipeline, execution):
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
            execution, stage = self._retryable(pipeline, stage_name, execution_id)
            done = set()
            if mode == "FAILED_ACTIONS":
                for action in stage.actions:
                    run = execution.latest_run(stage.name, action.name)
                    if run is not None and run.status == "Succeeded":
                        done.add(action.name)
            if done == {action.name for action in stage.actions}:
                raise _not_retryable()
            execution.stages[stage.name].retries += 1
            execution.status, execution.summary, execution.updated = "InProgress", "", now()
            execution.abandoned, execution.stop_reason = False, None
            self._occupy(pipeline, execution, stage)
        index = execution.structure.stage_index(stage.name)
        self._thread(self._advance, pipeline, execution, index, frozenset(done))

    def _retryable(
        self, pipeline: Pipeline, stage_name: str, execution_id: str
    ) -> tuple[Execution, Stage]:
        stage = pipeline.structure.stage(stage_name)
        if stage is None:
            raise ServiceError("StageNotFoundException", f"There is no stage '{stage_name}'")
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

    # -- one execution -------------------------------------------------------------------------

    def _advance(
        self,
        pipeline: Pipeline,
        execution: Execution,
        first: int,
        done: frozenset[str] = frozenset(),
    ) -> None:
        """The life of an execution from its `first` stage on; `done` actions are not repeated."""
        for stage in execution.structure.stages[first:]:
            if not self._enter(pipeline, execution, stage):
                return
            status = self._run_stage(pipeline, execution, stage, done)
            done = frozenset()
            self._leave(pipeline, execution, stage, status)
            if status != "Succeeded":
                return

    def _arrive(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> None:
        """The execution comes to wait before a stage: rule 3."""
        waiting = pipeline.stage_state(stage.name).waiting
        if pipeline.structure.mode == "SUPERSEDED":
            newest = max([*waiting, execution], key=lambda e: e.number)
            for other in [*waiting, execution]:
                if other is not newest:
                    other.end("Superseded", f"Superseded by {newest.id}")
            waiting[:] = [newest]
        else:
            waiting.append(execution)
        self._changed.notify_all()

    def _withdraw(self, pipeline: Pipeline, execution: Execution) -> bool:
        """Takes an execution that waits out of the queue; False when it is inside a stage."""
        for state in pipeline.stages.values():
            if execution in state.waiting:
                state.waiting.remove(execution)
                return True
        return False

    def _enter(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> bool:
        """Waits for the stage: rules 1 and 2. False when the execution ended while it waited."""
        state = pipeline.stage_state(stage.name)

        def settled() -> bool:
            if state.current is execution or execution not in state.waiting:
                return True
            disabled = stage.name in pipeline.structure.disabled_transitions
            return state.current is None and state.waiting[0] is execution and not disabled

        with self._changed:
            self._changed.wait_for(settled)
            if state.current is not execution:
                if execution not in state.waiting:
                    return False
                state.waiting.remove(execution)
                self._occupy(pipeline, execution, stage)
            return True

    def _occupy(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> None:
        state = pipeline.stage_state(stage.name)
        state.current = state.latest = execution
        execution.stages.setdefault(stage.name, StageRun(stage)).status = "InProgress"
        execution.updated = now()
        self._changed.notify_all()

    def _leave(self, pipeline: Pipeline, execution: Execution, stage: Stage, status: str) -> None:
        """Unlocks the stage; the execution goes on to the next one, or ends."""
        with self._changed:
            pipeline.stage_state(stage.name).current = None
            execution.stages[stage.name].status = status
            execution.updated = now()
            following = execution.structure.stage_index(stage.name) + 1
            if status != "Succeeded":
                execution.end(status, _summary(execution, stage, status))
            elif following < len(execution.structure.stages):
                self._arrive(pipeline, execution, execution.structure.stages[following])
            else:
                execution.end("Succeeded")
            self._changed.notify_all()

    # -- one stage -----------------------------------------------------------------------------

    def _run_stage(
        self, pipeline: Pipeline, execution: Execution, stage: Stage, done: frozenset[str]
    ) -> str:
        """Runs the waves of a stage; the status with which the execution leaves it."""
        for wave in stage.waves():
            with self._changed:
                if halted := _halted(execution):
                    return halted
                runs = [ActionRun(stage.name, action) for action in wave if action.name not in done]
                execution.runs.extend(runs)
                self._changed.notify_all()
            for run in runs:
                self._thread(self._perform, pipeline, execution, run)
            with self._changed:
                self._changed.wait_for(partial(_all_ended, runs))
                if any(run.status == "Failed" for run in runs):
                    return "Stopped" if execution.status == "Stopping" else "Failed"
        with self._changed:
            return _halted(execution) or "Succeeded"

    # -- one action ----------------------------------------------------------------------------

    def _perform(self, pipeline: Pipeline, execution: Execution, run: ActionRun) -> None:
        """Runs one action on its own thread: whatever happens ends the run."""
        try:
            context = self._context(pipeline, execution, run)
            outcome = self._runners[run.action.provider](context)
            if run.action.is_approval:
                self._await_answer(run)
                return
        except ActionError as error:
            self._end(run, "Failed", error=(error.code, str(error)))
        except Exception as error:  # the edge of the thread: an action must end, and say why
            logger.exception("action %s/%s", run.stage, run.action.name)
            self._end(run, "Failed", error=("InternalError", f"{type(error).__name__}: {error}"))
        else:
            self._end(run, "Succeeded", outcome=outcome)

    def _context(self, pipeline: Pipeline, execution: Execution, run: ActionRun) -> Context:
        action = run.action
        with self._changed:
            # Known even when a variable has no value, so that the record shows what was asked.
            run.configuration = dict(action.configuration)
            run.inputs = tuple(_input(execution, name) for name in action.inputs)
            run.configuration = resolve_configuration(action.configuration, execution.namespaces())
            revision, branch = execution.source_revisions.get(action.name, (None, None))
            return Context(
                pipeline=pipeline.name,
                account=pipeline.account,
                region=action.region or pipeline.region,
                pipeline_role_arn=execution.structure.role_arn,
                store=execution.structure.store,
                execution_id=execution.id,
                stage=run.stage,
                action=action,
                configuration=run.configuration,
                inputs={artifact.name: artifact for artifact in run.inputs},
                outputs={name: _output(execution.structure, name) for name in action.outputs},
                source_revision=revision,
                source_branch=branch,
                revisions=tuple(execution.revisions()),
                report=lambda **facts: self._report(run, facts),
                wait=lambda seconds: self._wait(run, seconds),
            )

    def _await_answer(self, run: ActionRun) -> None:
        """Until somebody answers, the execution is abandoned, or time is up."""
        minutes = run.action.timeout_minutes or APPROVAL_TIMEOUT_MINUTES
        with self._changed:
            if not self._changed.wait_for(lambda: run.status != "InProgress", minutes * 60):
                run.end("Failed", ("JobTimedOut", f"Nobody answered within {minutes} minutes."))
                self._changed.notify_all()

    def _report(self, run: ActionRun, facts: Mapping[str, str | None]) -> None:
        """What a running action already knows about itself (external id, URL, token…)."""
        with self._changed:
            for name, value in facts.items():
                setattr(run, name, value)
            run.updated = now()
            self._changed.notify_all()

    def _wait(self, run: ActionRun, seconds: float) -> bool:
        """Pauses an action that polls; False when nobody waits for its result any more."""
        with self._changed:
            return not self._changed.wait_for(lambda: run.status != "InProgress", seconds)

    def _end(
        self,
        run: ActionRun,
        status: str,
        *,
        error: tuple[str, str] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        with self._changed:
            if run.status == "InProgress":  # not abandoned meanwhile
                if outcome is not None:
                    run.variables, run.revision = dict(outcome.variables), outcome.revision
                    run.outputs = tuple(outcome.artifacts)
                    run.summary = outcome.summary or run.summary
                run.end(status, error)
            self._changed.notify_all()

    def _thread(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, name="codepipeline", daemon=True).start()


def _all_ended(runs: Iterable[ActionRun]) -> bool:
    return all(run.status != "InProgress" for run in runs)


def _halted(execution: Execution) -> str | None:
    """Why no further action of the execution may start."""
    if execution.status == "Stopping":
        return "Stopped"
    return "Cancelled" if execution.outdated else None


def _summary(execution: Execution, stage: Stage, status: str) -> str:
    if status == "Stopped":
        return execution.stop_reason or ""
    if status == "Cancelled":
        return "The pipeline's definition was updated."
    failed = [
        f"{stage.name}/{run.action.name}: {run.error[1]}"
        for run in execution.runs
        if run.stage == stage.name and run.status == "Failed" and run.error
    ]
    return failed[-1][:2000] if failed else ""


def _variables(structure: Structure, given: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(given) - set(structure.variables))
    if unknown:
        raise invalid(f"The pipeline declares no variables {unknown}")
    values = {name: given.get(name, default) for name, default in structure.variables.items()}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise invalid(f"Variables without a value: {missing}")
    return {name: value for name, value in values.items() if value is not None}


def _input(execution: Execution, name: str) -> Artifact:
    artifact = execution.artifact(name)
    if artifact is None:
        raise ActionError(f"input artifact {name} does not exist", code="ConfigurationError")
    return artifact


def _output(structure: Structure, name: str) -> Artifact:
    """Where an output artifact goes: `<pipeline>/<artifact>/<random>`, shortened as AWS does."""
    key = f"{structure.name[:20]}/{name[:10]}/{secrets.token_hex(4)[:7]}"
    return Artifact(name, structure.store.bucket, key)


def _not_retryable() -> ServiceError:
    return ServiceError(
        "StageNotRetryableException",
        "Unable to retry. The pipeline structure or stage state might have changed while actions "
        "awaited retry, or the stage contains no failed actions.",
    )
