"""One execution's way through one stage: entry condition, actions, what follows them.

Sources: CodePipeline user guide "stage-conditions" and "stage-retry" (a stage that fails is retried
by itself once). A failed condition before entry, or after success, fails the stage without asking
what the stage does on failure: that is about its actions ("when any action in the stage has
failed").
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from embedded_aws.codepipeline.conditions.checking import Checker
from embedded_aws.codepipeline.executions import ActionRun, Execution
from embedded_aws.codepipeline.model import Stage
from embedded_aws.codepipeline.performing import Performer
from embedded_aws.codepipeline.state import Pipeline, State

Beginning = Literal["entry", "actions", "end"]
"""Where a passage begins: before its entry condition, after it, or when nothing is left to do."""


@dataclass(frozen=True)
class Left:
    """How a stage was left: the stage's status, and whether it is now to be rolled back."""

    status: str
    rolls_back: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether the execution may enter the next stage."""
        return self.status in ("Succeeded", "Skipped")


class Passage:
    """Takes executions through stages that they have entered."""

    def __init__(self, state: State, performer: Performer, checker: Checker) -> None:
        self._changed = state.changed
        self._performer = performer
        self._checker = checker

    def take(
        self,
        pipeline: Pipeline,
        execution: Execution,
        stage: Stage,
        beginning: Beginning,
        done: Collection[str],
    ) -> Left:
        """Runs the stage; `done` actions are not repeated."""
        if beginning == "end":
            return Left("Succeeded")
        if execution.target:  # a rollback restores what once passed the conditions
            return Left(self._run(pipeline, execution, stage, done))
        if beginning == "entry":
            entry = self._checker.check(pipeline, execution, stage, "BEFORE_ENTRY")
            if entry.halted or not entry.met:
                return Left(entry.halted or ("Skipped" if entry.result == "SKIP" else "Failed"))
        status = self._run(pipeline, execution, stage, done)
        if status == "Failed" and self._retries_itself(execution, stage):
            status = self._run(pipeline, execution, stage, self._kept(execution, stage))
        if status == "Succeeded":
            return self._after_success(pipeline, execution, stage)
        if status == "Failed":
            return self._after_failure(pipeline, execution, stage)
        return Left(status)

    def _after_success(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> Left:
        check = self._checker.check(pipeline, execution, stage, "ON_SUCCESS")
        if check.halted:
            return Left(check.halted)
        return Left("Succeeded" if check.met else "Failed", check.result == "ROLLBACK")

    def _after_failure(self, pipeline: Pipeline, execution: Execution, stage: Stage) -> Left:
        if stage.on_failure is None:
            return Left("Failed")
        check = self._checker.check(pipeline, execution, stage, "ON_FAILURE")
        if check.halted:
            return Left(check.halted)
        result = stage.on_failure.result if check.met else check.result
        return Left("Failed", result == "ROLLBACK")

    def _retries_itself(self, execution: Execution, stage: Stage) -> bool:
        """Whether the stage retries itself now: once, and counted."""
        run = execution.stages[stage.name]
        with self._changed:
            wanted = stage.on_failure is not None and stage.on_failure.result == "RETRY"
            if not wanted or run.automatic_retries or _halted(execution):
                return False
            run.automatic_retries, run.retry = 1, "AutomatedStageRetry"
            return True

    def _kept(self, execution: Execution, stage: Stage) -> Collection[str]:
        if stage.on_failure and stage.on_failure.retry_mode == "FAILED_ACTIONS":
            return succeeded(execution, stage)
        return ()

    def _run(
        self, pipeline: Pipeline, execution: Execution, stage: Stage, done: Collection[str]
    ) -> str:
        """Runs the waves of a stage; Succeeded, Failed, or why the execution was halted."""
        for wave in stage.waves():
            with self._changed:
                if halted := _halted(execution):
                    return halted
                runs = [ActionRun(stage.name, action) for action in wave if action.name not in done]
                execution.runs.extend(runs)
                self._changed.notify_all()
            self._performer.begin(pipeline, execution, runs)
            with self._changed:
                self._performer.wait_for(runs)
                if any(run.status == "Failed" for run in runs):
                    return "Stopped" if execution.status == "Stopping" else "Failed"
        with self._changed:
            return _halted(execution) or "Succeeded"


def succeeded(execution: Execution, stage: Stage) -> set[str]:
    """The actions of a stage whose last run in the execution succeeded."""
    runs = {action.name: execution.latest_run(stage.name, action.name) for action in stage.actions}
    return {name for name, run in runs.items() if run is not None and run.status == "Succeeded"}


def _halted(execution: Execution) -> str | None:
    """Why no further action of the execution may start."""
    if execution.status == "Stopping":
        return "Stopped"
    return "Cancelled" if execution.outdated else None


def reason(execution: Execution, stage: Stage, status: str) -> str:
    """Why the execution ended in this stage with this status: its `statusSummary`."""
    if status == "Stopped":
        return execution.stop_reason or ""
    if status == "Cancelled":
        return "The pipeline's definition was updated."
    failures = [
        (run.updated, f"{stage.name}/{run.action.name}: {run.error[1]}")
        for run in execution.runs
        if run.stage == stage.name and run.status == "Failed" and run.error
    ]
    failures += [
        (check.updated, f"{stage.name}, condition {check.kind}: {check.summary}")
        for check in execution.conditions
        if (check.stage, check.kind) in ((stage.name, "BEFORE_ENTRY"), (stage.name, "ON_SUCCESS"))
        and check.status in ("Failed", "Errored")
    ]
    return max(failures)[1][:2000] if failures else ""
