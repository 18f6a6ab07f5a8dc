"""The verdict of a rehearsal as text: what happened, what failed and why, what is not proved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ops.pipeline import ActionRun
from rehearsal.fidelity import Row, Status
from rehearsal.snapshot import Snapshot
from rehearsal.summary import Outcome, SmokeResult

_MESSAGE_LINES = 6


def name_of(shot: Snapshot) -> str:
    """The commit as people name it, and whether it is more than HEAD."""
    return f"commit {shot.commit[:12]}" + ("" if shot.clean else " (uncommitted changes included)")


def checks(smoke: SmokeResult | None) -> str:
    """`9 of 9 smoke checks passed`, or what is known instead."""
    if smoke is None or not smoke.cases:
        return "no smoke checks ran"
    return f"{len(smoke.cases) - len(smoke.failures)} of {len(smoke.cases)} smoke checks passed"


def text(result: Outcome, table: Sequence[Row], path: Path) -> str:
    """The end of a rehearsal: verdict, causes, fidelity, where to read more."""
    took = _seconds(result.actions)
    if result.passed:
        head = f"PASSED: prod serves {result.commit[:12]}; {checks(result.smoke['prod'])}."
    else:
        head = f"FAILED: {result.commit[:12]} is not in prod, or not proved there."
    # Of a failed run nothing needs to be believed: what failed must not be lost among the rest.
    limits = _fidelity(table) if result.passed else []
    lines = ["", head, *_failures(result), "", *limits, ""]
    lines += [f"The pipeline took {took:.0f} s. Everything: {path}"]
    for smoke in result.smoke.values():
        lines += [f"  {smoke.environment} smoke report: {page}" for page in _pages(smoke)]
    return "\n".join(lines)


def _pages(smoke: SmokeResult) -> list[str]:
    return [smoke.reports["html"]] if "html" in smoke.reports else []


def _seconds(runs: Sequence[ActionRun]) -> float:
    if not runs:
        return 0.0
    last = max(run.updated for run in runs)
    return (last - min(run.started for run in runs)).total_seconds()


def _failures(result: Outcome) -> Iterable[str]:
    """What stopped the commit, for the person who pushed it."""
    for run in result.actions:
        if run.status == "Failed":
            yield f"  {run.label} failed: {_first_line(run)}"
    for smoke in result.smoke.values():
        for case in smoke.failures:
            yield f"  {smoke.environment} smoke check failed: {case.name}"
            yield from (f"    {line}" for line in _lines(case.message)[:_MESSAGE_LINES])
    if result.execution.status not in ("Succeeded", "Failed"):
        yield f"  the execution was {result.execution.status.lower()}: {result.execution.summary}"


def _lines(message: str) -> list[str]:
    return message.strip().splitlines()


def _first_line(run: ActionRun) -> str:
    said = _lines(run.error or run.summary)
    return said[0] if said else f"see `rehearsal logs {run.label}`"


def _fidelity(table: Sequence[Row]) -> Iterable[str]:
    """Counts of what was proved; the rest by name, because it is what a reader must know."""
    counts = {status: [row for row in table if row.status is status] for status in Status}
    exercised = len(counts[Status.EXERCISED])
    yield f"Fidelity: {exercised} of {len(table)} behaviours were exercised in this run."
    for status in (Status.CHECKED_STATICALLY, Status.NOT_EXERCISED):
        yield f"  {status} ({len(counts[status])}):"
        yield from (f"    - {row.behaviour}: {row.evidence}" for row in counts[status])
