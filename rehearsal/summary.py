"""What one rehearsal leaves behind: `last/summary.json` and the smoke reports beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded_aws.isolation import Isolation
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution, TestCase
from rehearsal.fidelity import Row, RunEvidence
from rehearsal.fidelity_page import page
from settings import Environment, Settings

_SMOKE_ACTION = "Smoke"


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
    """How a commit fared on its way to the last environment, `goal`; `deployed` are those that it
    was deployed to, as far as an action in their stages ran."""

    goal: str
    deployed: tuple[str, ...]
    execution: Execution
    commit: str
    actions: tuple[ActionRun, ...]
    smoke: dict[str, SmokeResult]
    isolation: Isolation

    @property
    def passed(self) -> bool:
        """Whether the last environment serves the commit and its smoke tests said so."""
        smoke = self.smoke.get(self.goal)
        return self.execution.status == "Succeeded" and smoke is not None and smoke.passed

    @property
    def began(self) -> datetime:
        """When the first action started, or now if none has."""
        return min((run.started for run in self.actions), default=datetime.now(UTC))

    def evidence(self) -> RunEvidence:
        """What this run may claim: the actions that succeeded and the checks that passed."""
        return RunEvidence.of(
            (run.label for run in self.actions if run.status == "Succeeded"),
            {
                name: [case.name for case in smoke.cases if case.passed]
                for name, smoke in self.smoke.items()
            },
            self.isolation,
        )


def outcome(
    pipeline: Pipeline, execution: Execution, commit: str, settings: Settings, root: Path
) -> Outcome:
    """Read how `execution` ended, and keep its smoke reports under `root/last`."""
    runs = tuple(pipeline.action_runs(execution.id))
    smoke = smoke_of(pipeline, execution.id, settings, root)
    reached = {run.stage for run in runs}
    deployed = tuple(each.name for each in settings.environments if each.stage in reached)
    isolation = Isolation.of(root)
    return Outcome(settings.guarded.name, deployed, execution, commit, runs, smoke, isolation)


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


def write(root: Path, result: Outcome, fidelity: Sequence[Row]) -> Path:
    """Write `last/summary.json`, which is whole or not there, and `last/fidelity.html`; the folder
    of both."""
    last = root / "last"
    (last / "fidelity.html").write_text(page(fidelity, result.commit), encoding="utf-8")
    document = {
        "execution_id": result.execution.id,
        "commit": result.commit,
        "status": result.execution.status,
        "passed": result.passed,
        "actions": [_action(run) for run in result.actions],
        "smoke": {name: smoke.as_json() for name, smoke in result.smoke.items()},
        "fidelity": [asdict(row) for row in fidelity],
    }
    partial = last / "summary.partial"
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    partial.rename(last / "summary.json")
    return last


def _action(run: ActionRun) -> dict[str, str | None]:
    return {
        "stage": run.stage,
        "action": run.action,
        "status": run.status,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
    }
