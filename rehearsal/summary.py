"""What one rehearsal leaves behind: `last/summary.json`, the smoke reports beside it, a verdict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops.pipeline import ActionRun, Execution, Pipeline, TestCase
from rehearsal.fidelity import Row, RunEvidence, Status
from rehearsal.snapshot import Snapshot
from settings import Environment, Settings

_SMOKE_ACTION = "Smoke"
_MESSAGE_LINES = 6


@dataclass(frozen=True)
class SmokeResult:
    """The smoke tests of one environment, as CodeBuild's report group has them."""

    environment: str
    cases: tuple[TestCase, ...]
    reports: dict[str, str]

    @property
    def failures(self) -> tuple[TestCase, ...]:
        """The checks that did not pass."""
        return tuple(case for case in self.cases if not case.passed)

    @property
    def passed(self) -> bool:
        """Whether there were checks and all of them passed: no checks prove nothing."""
        return bool(self.cases) and not self.failures

    def as_json(self) -> dict[str, Any]:
        """As it stands in the summary."""
        return {
            "tests": len(self.cases),
            "failures": len(self.failures),
            "failed": [case.name for case in self.failures],
            "reports": self.reports,
        }


@dataclass(frozen=True)
class Outcome:
    """How a commit fared on its way to the last environment, `goal`."""

    goal: str
    execution: Execution
    commit: str
    actions: tuple[ActionRun, ...]
    smoke: dict[str, SmokeResult]

    @property
    def passed(self) -> bool:
        """Whether the last environment serves the commit and its smoke tests said so."""
        smoke = self.smoke.get(self.goal)
        return self.execution.status == "Succeeded" and smoke is not None and smoke.passed

    def evidence(self) -> RunEvidence:
        """What this run may claim: the actions that succeeded and the checks that passed."""
        return RunEvidence.of(
            (run.label for run in self.actions if run.status == "Succeeded"),
            {
                name: [case.name for case in smoke.cases if case.passed]
                for name, smoke in self.smoke.items()
            },
        )


def outcome(
    pipeline: Pipeline, execution: Execution, commit: str, settings: Settings, root: Path
) -> Outcome:
    """Read how `execution` ended, and keep its smoke reports under `root/last`."""
    runs = tuple(pipeline.action_runs(execution.id))
    smoke = smoke_of(pipeline, execution.id, settings, root)
    return Outcome(settings.guarded.name, execution, commit, runs, smoke)


def smoke_of(
    pipeline: Pipeline, execution_id: str, settings: Settings, root: Path
) -> dict[str, SmokeResult]:
    """The smoke results that one execution has so far, by environment."""
    runs = pipeline.action_runs(execution_id)
    smoke_runs = {run.stage: run for run in runs if run.action == _SMOKE_ACTION}
    return {
        each.name: _smoke_result(pipeline, each, smoke_runs[each.stage], root)
        for each in settings.environments
        if each.stage in smoke_runs
    }


def _smoke_result(
    pipeline: Pipeline, environment: Environment, run: ActionRun, root: Path
) -> SmokeResult:
    cases = tuple(pipeline.test_cases(run))
    return SmokeResult(environment.name, cases, _keep_reports(environment.name, run, root))


def _keep_reports(environment: str, run: ActionRun, root: Path) -> dict[str, str]:
    """Copy the page and the JUnit file of a smoke build; also of a failed one, which has no
    output artifact."""
    build = root / "builds" / run.external_id.replace(":", "-")
    kept: dict[str, str] = {}
    for kind, suffix in (("html", "html"), ("junit", "xml")):
        for written in build.glob(f"**/reports/smoke.{suffix}"):
            target = root / "last" / f"smoke-{environment}.{suffix}"
            shutil.copyfile(written, target)
            kept[kind] = str(target)
    return kept


def start_anew(root: Path) -> None:
    """Remove what the previous rehearsal left, so that it cannot be taken for this one's."""
    last = root / "last"
    shutil.rmtree(last, ignore_errors=True)
    last.mkdir(parents=True)


def write(root: Path, result: Outcome, fidelity: list[Row]) -> Path:
    """Write `last/summary.json`; the file is whole or not there."""
    path = root / "last" / "summary.json"
    document = {
        "execution_id": result.execution.id,
        "commit": result.commit,
        "status": result.execution.status,
        "passed": result.passed,
        "actions": [_action(run) for run in result.actions],
        "smoke": {name: smoke.as_json() for name, smoke in result.smoke.items()},
        "fidelity": [asdict(row) for row in fidelity],
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return partial.rename(path)


def _action(run: ActionRun) -> dict[str, str | None]:
    return {
        "stage": run.stage,
        "action": run.action,
        "status": run.status,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
    }


def name_of(shot: Snapshot) -> str:
    """The commit as people name it, and whether it is more than HEAD."""
    return f"commit {shot.commit[:12]}" + ("" if shot.clean else " (uncommitted changes included)")


def checks(smoke: SmokeResult | None) -> str:
    """`9 of 9 smoke checks passed`, or what is known instead."""
    if smoke is None or not smoke.cases:
        return "no smoke checks ran"
    return f"{len(smoke.cases) - len(smoke.failures)} of {len(smoke.cases)} smoke checks passed"


def verdict(result: Outcome, table: Sequence[Row], path: Path) -> str:
    """The end of a rehearsal: verdict, causes, fidelity, where to read more."""
    took = _seconds(result.actions)
    if result.passed:
        counted = checks(result.smoke[result.goal])
        head = f"PASSED: {result.goal} serves {result.commit[:12]}; {counted}."
    else:
        head = f"FAILED: {result.commit[:12]} is not in {result.goal}, or not proved there."
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
    return said[0] if said else f"see `scripts/rehearsal logs {run.label}`"


def _fidelity(table: Sequence[Row]) -> Iterable[str]:
    """Counts of what was proved; the rest by name, because it is what a reader must know."""
    counts = {status: [row for row in table if row.status is status] for status in Status}
    exercised = len(counts[Status.EXERCISED])
    yield f"Fidelity: {exercised} of {len(table)} behaviours were exercised in this run."
    for status in (Status.CHECKED_STATICALLY, Status.NOT_EXERCISED):
        yield f"  {status} ({len(counts[status])}):"
        yield from (f"    - {row.behaviour}: {row.evidence}" for row in counts[status])
