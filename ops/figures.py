"""Delivery figures: how often, how fast and how safely changes reach the last environment.

Deployment: an execution that deployed in the pipeline's last stage, or tried to. It succeeded when
the execution did, and failed when it ended otherwise; a stage that was tried again counts as it
ended. One that still runs counts for nothing yet.

- Deployment frequency: deployments that succeeded; rollbacks bring nothing new and do not count.
- Lead time: from the start of the execution that a change came with, which the push starts, to the
  end of the deployment that brought it; the median over changes. A commit that was superseded,
  rejected or failed on its way comes with the next deployment, and counts from its first push.
- Change-failure rate: failed deployments among all.
- Time to restore: from the first failed deployment to the next one, or rollback, that succeeds; the
  median over what was restored.
- Waiting for a person: from the question to the answer, the median over decisions.

Everything counts in the month (UTC) in which it ended. Sources: the pipeline's history, of twelve
months, and for decisions the decision record, which has no end. The first four are DORA's
(dora.dev, "DORA's software delivery performance metrics"), with what a pipeline can know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from ops.decisions import Answer, Decision
from ops.records import ActionRun, Execution

_DEPLOYS = "Deploy"


@dataclass(frozen=True)
class Deployment:
    """What one execution did to the last environment. changes: when what it brought was pushed."""

    execution_id: str
    ended: datetime
    succeeded: bool
    rollback: bool
    changes: tuple[datetime, ...]


@dataclass(frozen=True)
class Month:
    """The figures of one month, "2026-11". None where there was nothing to measure."""

    month: str
    deployments: int
    failed: int
    lead_time: timedelta | None
    time_to_restore: timedelta | None
    approved: int
    rejected: int
    timed_out: int
    waiting_for_a_person: timedelta | None

    @property
    def failure_rate(self) -> float | None:
        """Failed deployments among all, 0 to 1."""
        total = self.deployments + self.failed
        return self.failed / total if total else None


def deployments(
    stage: str, executions: Sequence[Execution], history: Sequence[ActionRun]
) -> list[Deployment]:
    """Oldest first. stage: the pipeline's last. executions, history: of the pipeline."""
    found: list[Deployment] = []
    pushed: dict[str, datetime] = {}
    delivered: set[str] = set()
    for execution in sorted((each for each in executions if each.started), key=_started):
        if execution.commit and execution.commit not in delivered:
            pushed.setdefault(execution.commit, _started(execution))
        ended = _end(execution, stage, history)
        if ended is None:
            continue
        good = execution.status == "Succeeded"
        brought = pushed if good else {}
        found.append(
            Deployment(execution.id, ended, good, execution.rollback, tuple(brought.values()))
        )
        delivered |= brought.keys()
        pushed = {} if good else pushed
    return sorted(found, key=lambda deployment: deployment.ended)


def _end(execution: Execution, stage: str, history: Sequence[ActionRun]) -> datetime | None:
    """When the execution had ended in a stage that it deployed in; None for any other."""
    runs = [run for run in history if (run.execution_id, run.stage) == (execution.id, stage)]
    if not execution.ended or not any(run.category == _DEPLOYS for run in runs):
        return None
    return max(run.updated for run in runs)


def _started(execution: Execution) -> datetime:
    if execution.started is None:
        raise ValueError(f"execution {execution.id} has no start")
    return execution.started


def months(made: Sequence[Deployment], decided: Sequence[Decision]) -> list[Month]:
    """Every month in which anything ended, oldest first."""
    names = {_month(each.ended) for each in made} | {_month(each.at) for each in decided}
    return [
        _figures(
            name,
            made,
            [each for each in made if _month(each.ended) == name],
            [each for each in decided if _month(each.at) == name],
        )
        for name in sorted(names)
    ]


def _figures(
    name: str, all_: Sequence[Deployment], made: Sequence[Deployment], decided: Sequence[Decision]
) -> Month:
    good = [each for each in made if each.succeeded and not each.rollback]
    restored = [gap for end, gap in _restorations(all_) if _month(end) == name]
    return Month(
        month=name,
        deployments=len(good),
        failed=sum(not each.succeeded for each in made),
        lead_time=_median(each.ended - pushed for each in good for pushed in each.changes),
        time_to_restore=_median(restored),
        approved=sum(each.answer is Answer.APPROVED for each in decided),
        rejected=sum(each.answer is Answer.REJECTED for each in decided),
        timed_out=sum(each.answer is Answer.TIMED_OUT for each in decided),
        waiting_for_a_person=_median(each.at - each.asked for each in decided),
    )


def _restorations(made: Sequence[Deployment]) -> list[tuple[datetime, timedelta]]:
    """When each outage ended, and how long it was: from its first failure to the next success."""
    found = []
    since: datetime | None = None
    for deployment in made:
        if deployment.succeeded and since is not None:
            found.append((deployment.ended, deployment.ended - since))
        if deployment.succeeded:
            since = None
        elif since is None:
            since = deployment.ended
    return found


def _median(durations: Iterable[timedelta]) -> timedelta | None:
    seconds = [each.total_seconds() for each in durations]
    return timedelta(seconds=median(seconds)) if seconds else None


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"
