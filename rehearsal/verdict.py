"""The end of a rehearsal as text: what happened, what failed and why, what is not proved."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ops.records import ActionRun, TestCase
from rehearsal import function_logs, told
from rehearsal.fidelity import Row, Status
from rehearsal.function_logs import FunctionLog
from rehearsal.snapshot import Snapshot
from rehearsal.summary import Outcome, SmokeResult
from rehearsal.update import Change

_MESSAGE_LINES = 6
_LOG_LINES = 25

# What differs between checks that fail for one reason: what each expected, what it called, and ids.
_OWN = re.compile(r"^Expected: .*$|\b[A-Z]+ /\S*|[0-9a-f]{8}-[0-9a-f-]{27}|\d+ ms", re.MULTILINE)


def name_of(shot: Snapshot) -> str:
    """The commit as people name it, and whether it is more than HEAD."""
    return f"commit {shot.commit[:12]}" + ("" if shot.clean else " (uncommitted changes included)")


def checks(smoke: SmokeResult | None) -> str:
    """`9 of 9 smoke checks passed`, or what is known instead."""
    if smoke is None or not smoke.cases:
        return "no smoke checks ran"
    return f"{len(smoke.cases) - len(smoke.failures)} of {len(smoke.cases)} smoke checks passed"


def text(
    result: Outcome,
    table: Sequence[Row],
    last: Path,
    logs: Mapping[str, Sequence[FunctionLog]],
    *,
    stays: bool,
    command: str,
) -> str:
    """Verdict, causes, what was proved, where to read more.

    last: the folder with summary, pages and logs. logs: by target, of its functions. stays:
    whether the rehearsal is still up. command: what people type before the name of a command.
    """
    goal = result.goal.name
    if result.lost:
        lost = f"{result.lost} items that were there before"
        head = f"FAILED: {result.commit[:12]} LOSES DATA: {lost}."
    elif result.unread:
        head = (
            f"FAILED: {result.commit[:12]} DOES NOT READ BACK {len(result.unread)} items as before."
        )
    elif result.passed:
        smoke = result.smoke.get(goal)
        counted = f"; {checks(smoke)}" if smoke or result.goal.smoke else ""
        head = f"PASSED: {goal} serves {result.commit[:12]}{counted}."
    else:
        head = f"FAILED: {result.commit[:12]} is not in {goal}, or not proved there."
    # Of a failed run nothing needs to be believed: what failed must not be lost among the rest.
    limits = _fidelity(table, last) if result.passed else []
    failures = _failures(result, logs, command, stays=stays)
    lines = ["", head, *failures, *_loud(result), *_updated(result), *_told(result)]
    lines += ["", *limits, ""]
    lines += [f"The pipeline took {_seconds(result.actions):.0f} s. Everything: {last}"]
    for smoke in result.smoke.values():
        if "html" in smoke.reports:
            lines += [f"  {smoke.target} smoke report: {smoke.reports['html']}"]
    if result.page:
        lines += [f"  what {goal}'s approver reads: {result.page.html}"]
    if result.told:
        lines += [f"  what people were told, whole: {last / 'notifications.html'}"]
    return "\n".join(lines)


def _loud(result: Outcome) -> Iterator[str]:
    """What would make the approver of the last target think again."""
    if result.page and result.page.red:
        count = len(result.page.red)
        yield f"THINK AGAIN: {count} of the verdicts on {result.page.release} are red:"
        yield from (f"  {line}" for line in result.page.loud())


def _updated(result: Outcome) -> Iterator[str]:
    """What the run started from, and what the update did to what was there."""
    if result.started_from:
        yield f"Started from {result.started_from}."
    if result.updated is None:
        return
    held = ", ".join(f"{count} in {account}" for account, count in result.held.items())
    kept = "see below" if result.lost else "all of it is still there"
    yield f"Updated {result.updated[:12]}. Data before ({held} items): {kept}."
    if not result.changes:
        yield "  CloudFormation replaced and removed nothing."
    yield from (f"  {line}" for line in _changes(result.changes))
    if result.readings:
        read = Counter(each.account for each in result.readings if not each.said)
        counted = ", ".join(f"{number} in {account}" for account, number in read.items()) or "none"
        yield f"  Read back through the signed APIs, as before: {counted}."
        yield from (f"  {each.text}" for each in result.unread)


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    """Each that stores something; the others, as every function's new version, by their type."""
    alike: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        if change.held is None:
            alike.setdefault((change.account, change.type, change.what), []).append(change)
        else:
            yield change.text
    for (account, kind, what), group in alike.items():
        several = f"{account}: {len(group)} {kind} {what} (what they store is not read)"
        yield several if len(group) > 1 else group[0].text


def _told(result: Outcome) -> Iterator[str]:
    """What people would have read meanwhile."""
    if result.told:
        yield ""
        yield from told.lines(result.told)


def _seconds(runs: Sequence[ActionRun]) -> float:
    if not runs:
        return 0.0
    last = max(run.updated for run in runs)
    return (last - min(run.started for run in runs)).total_seconds()


def _failures(
    result: Outcome, logs: Mapping[str, Sequence[FunctionLog]], command: str, *, stays: bool
) -> Iterator[str]:
    """What stopped the commit, for the person who pushed it."""
    for run in result.actions:
        if run.status == "Failed":
            yield f"  {run.label} failed: {_first_line(run, command)}"
            if run.is_build:
                look = f"`{command} shell {run.label}`"
                kept = f"look inside: {look}"
                yield f"    {kept}" if stays else f"    run it with --keep-on-failure to {kept}"
    for smoke in result.smoke.values():
        for number, (first, *others) in enumerate(_alike(smoke.failures)):
            yield f"  {smoke.target} smoke check failed: {first.name}"
            yield from (f"    {line}" for line in _lines(first.message)[:_MESSAGE_LINES])
            if number == 0:
                yield from _logged(logs.get(smoke.target, ()), first)
            if others:
                names = ", ".join(each.name for each in others)
                yield f"    {len(others)} more failed like it: {names}"
    if result.execution.status not in ("Succeeded", "Failed"):
        yield f"  the execution was {result.execution.status.lower()}: {result.execution.summary}"


def _alike(failures: Sequence[TestCase]) -> list[list[TestCase]]:
    """Failed checks by what came back: one cause is told once."""
    groups: dict[str, list[TestCase]] = defaultdict(list)
    for case in failures:
        groups[_OWN.sub("…", case.message)].append(case)
    return list(groups.values())


def _logged(logs: Sequence[FunctionLog], case: TestCase) -> Iterator[str]:
    """What a function logged about a failed check."""
    found = function_logs.about(logs, case.message)
    if found is not None:
        yield f"    {found.function} logged (all of it: {found.file}):"
        yield from (f"      {line}" for line in found.lines[:_LOG_LINES])


def _lines(message: str) -> list[str]:
    return message.strip().splitlines()


def _first_line(run: ActionRun, command: str) -> str:
    said = _lines(run.error or run.summary)
    return said[0] if said else f"see `{command} logs {run.label}`"


def _fidelity(table: Sequence[Row], last: Path) -> Iterator[str]:
    """How much was proved, and of what kind the rest is."""
    exercised = sum(row.status is Status.EXERCISED for row in table)
    yield f"Fidelity: {exercised} of {len(table)} behaviours were exercised in this run."
    for status in (Status.TESTED, Status.CHECKED_STATICALLY, Status.NOT_EXERCISED):
        rows = [row.group for row in table if row.status is status]
        counted = ", ".join(f"{rows.count(each)} {each}" for each in dict.fromkeys(rows))
        if rows:
            yield f"  {status}: {counted}"
    yield f"  Each by name, with the reason: {last / 'fidelity.html'}"
