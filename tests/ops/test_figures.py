"""The delivery figures, from histories that were thought out: each definition is a test.

Proves the arithmetic, not that CodePipeline tells the history so; tests/ops/test_commands.py reads
a real one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ops.decisions import Answer, Decision
from ops.figures import Month, deployments, months
from ops.records import ActionRun, Execution

START = datetime(2026, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return START + hours * HOUR


def executed(name: str, hours: float, status: str = "Succeeded", **more: object) -> Execution:
    """An execution of a commit of its own that began so many hours after the start."""
    made = Execution(name, status, name, started=at(hours))
    return replace(made, **more)  # type: ignore[arg-type]


def ran(execution: str, hours: float, stage: str = "Prod", category: str = "Deploy") -> ActionRun:
    """An action of the execution that ended then."""
    run = ActionRun(execution, stage, f"{stage}.{category}", "any", START, at(hours), "", "", "")
    return replace(run, execution_id=execution, category=category)


def decided(hours: float, answer: Answer, asked: float) -> Decision:
    who = {"by": "arn", "reason": "", "commit": None, "message": ""}
    return Decision(
        pipeline="p",
        execution_id="e",
        action_execution_id="a",
        action="A/a",
        answer=answer,
        asked=at(asked),
        at=at(hours),
        **who,  # type: ignore[arg-type]
    )


def figures(executions: list[Execution], runs: list[ActionRun]) -> Month:
    (month,) = months(deployments("Prod", executions, runs), [])
    return month


def test_only_what_reaches_the_last_stage_is_a_deployment() -> None:
    executions = [executed("a", 0), executed("b", 1, "Failed"), executed("c", 2, "InProgress")]
    runs = [ran("a", 1), ran("b", 2, "Dev"), ran("c", 3), ran("a", 1.5, category="Test")]
    month = figures(executions, runs)
    assert (month.month, month.deployments, month.failed) == ("2026-01", 1, 0)
    assert month.failure_rate == 0
    assert month.lead_time == 1.5 * HOUR


def test_a_superseded_change_comes_with_the_next_and_counts_from_its_own_push() -> None:
    executions = [executed("a", 0, "Superseded"), executed("b", 4), executed("c", 9)]
    month = figures(executions, [ran("b", 6), ran("c", 10)])
    assert month.deployments == 2
    assert month.lead_time == 2 * HOUR  # of 6, 2 and 1


def test_a_commit_that_starts_again_is_one_change() -> None:
    again = executed("b", 2, commit="a")
    executions = [executed("a", 0, "Cancelled"), again, executed("c", 5, commit="a")]
    (first, second) = deployments("Prod", executions, [ran("b", 3), ran("c", 6)])
    assert [at - START for at in first.changes] == [timedelta(0)]
    assert second.changes == ()


def test_failures_are_a_share_of_all_and_last_until_the_next_success() -> None:
    executions = [
        executed("a", 0),
        executed("b", 1, "Failed"),
        executed("c", 2, "Stopped"),
        executed("d", 5),
    ]
    month = figures(executions, [ran("a", 0.5), ran("b", 1.5), ran("c", 3), ran("d", 7.5)])
    assert (month.deployments, month.failed, month.failure_rate) == (2, 2, 0.5)
    assert month.time_to_restore == 6 * HOUR


def test_a_rollback_restores_and_is_no_deployment() -> None:
    executions = [executed("a", 0, "Failed"), executed("b", 2, commit="old", rollback=True)]
    month = figures(executions, [ran("a", 1), ran("b", 2.5)])
    assert (month.deployments, month.failed) == (0, 1)
    assert month.time_to_restore == 1.5 * HOUR


def test_an_outage_that_lasts_is_not_measured_yet() -> None:
    month = figures([executed("a", 0, "Failed")], [ran("a", 1)])
    assert (month.failure_rate, month.lead_time, month.time_to_restore) == (1, None, None)


def test_decisions_count_in_their_month_with_how_long_they_took() -> None:
    made = [
        decided(3, Answer.APPROVED, 1),
        decided(9, Answer.REJECTED, 5),
        decided(24 * 40, Answer.TIMED_OUT, 24 * 33),
    ]
    january, february = months([], made)
    assert (january.approved, january.rejected, january.timed_out) == (1, 1, 0)
    assert january.waiting_for_a_person == 3 * HOUR
    assert (february.month, february.timed_out) == ("2026-02", 1)
    assert january.failure_rate is None
