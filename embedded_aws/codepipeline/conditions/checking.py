"""How a condition is checked: its rules run side by side, and all must succeed.

A rule that could not be checked at all (a variable without a value, a missing permission, an alarm
that is not there) makes the condition Errored, not Failed. The guide does not say which result
follows then; here none does and the stage fails, so that nothing is skipped or rolled back because
a question could not be asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from embedded_aws.codepipeline.executions import ActionRun, ConditionRun, Execution
from embedded_aws.codepipeline.model import Kind, Stage
from embedded_aws.codepipeline.performing import Performer
from embedded_aws.codepipeline.state import Pipeline, State

NOT_CHECKED = frozenset(
    {
        "ConfigurationError",
        "InternalError",
        "PermissionError",
        "RevisionOutOfSync",
        "RevisionUnavailable",
        "SystemUnavailable",
    }
)
"""Error codes of rules that gave no answer; a function may say so itself (`FailureType`)."""


@dataclass(frozen=True)
class Verdict:
    """Whether the condition was met, else the result that engages (None after an error).

    `halted` is the status of an execution that was stopped or outdated meanwhile.
    """

    met: bool
    result: str | None = None
    halted: str | None = None


class Checker:
    """Checks the conditions of stages, each check recorded with its execution."""

    def __init__(self, state: State, performer: Performer) -> None:
        self._changed = state.changed
        self._performer = performer

    def check(self, pipeline: Pipeline, execution: Execution, stage: Stage, kind: Kind) -> Verdict:
        """Runs the rules and waits for them; a stage without such a condition meets it."""
        condition = stage.condition(kind)
        if condition is None:
            return Verdict(met=True)
        with self._changed:
            runs = [ActionRun(stage.name, rule) for rule in condition.rules]
            check = ConditionRun(stage.name, kind, runs)
            execution.conditions.append(check)
            self._changed.notify_all()
        self._performer.begin(pipeline, execution, runs)
        with self._changed:
            self._performer.wait_for(runs)
            if check.status == "InProgress":  # not overridden, cancelled or abandoned meanwhile
                check.end(*_judged(runs))
                self._changed.notify_all()
        if check.status in ("Cancelled", "Abandoned"):
            return Verdict(met=False, halted="Cancelled" if execution.outdated else "Stopped")
        met = check.status in ("Succeeded", "Overridden")
        return Verdict(met, condition.result if check.status == "Failed" else None)


def _judged(runs: Iterable[ActionRun]) -> tuple[str, str]:
    """The status of a condition, and why."""
    failed = [run for run in runs if run.status != "Succeeded"]
    if not failed:
        return "Succeeded", ""
    codes = {run.error[0] for run in failed if run.error}
    reasons = "; ".join(f"{run.action.name}: {run.error[1]}" for run in failed if run.error)
    return ("Errored" if codes & NOT_CHECKED else "Failed"), reasons


def end_checks(execution: Execution, status: str) -> None:
    """Ends what is being checked, unmet: Cancelled, or Abandoned. The caller holds the lock."""
    for check in execution.conditions:
        if check.status == "InProgress":
            check.end(status)
