"""What one rehearsal leaves behind: `last/summary.json` and the smoke reports beside it."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embedded_aws.installation import ENVIRONMENTS
from ops.pipeline import ActionRun, Execution, action_runs
from rehearsal.builds import TestCase, test_cases
from rehearsal.fidelity import Row, RunEvidence
from rehearsal.follow import Operator

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
    """How a commit fared."""

    execution: Execution
    commit: str
    actions: tuple[ActionRun, ...]
    smoke: dict[str, SmokeResult]

    @property
    def passed(self) -> bool:
        """Whether prod serves the commit and its smoke tests said so."""
        prod = self.smoke.get("prod")
        return self.execution.status == "Succeeded" and prod is not None and prod.passed

    def evidence(self) -> RunEvidence:
        """What this run may claim: the actions that succeeded and the checks that passed."""
        return RunEvidence.of(
            (run.label for run in self.actions if run.status == "Succeeded"),
            {
                name: [case.name for case in smoke.cases if case.passed]
                for name, smoke in self.smoke.items()
            },
        )


def outcome(operator: Operator, execution: Execution, commit: str, root: Path) -> Outcome:
    """Read how `execution` ended, and keep its smoke reports under `root/last`."""
    runs = action_runs(operator.codepipeline, operator.pipeline, execution.id)
    smoke = smoke_of(operator, execution.id, root)
    return Outcome(execution=execution, commit=commit, actions=tuple(runs), smoke=smoke)


def smoke_of(operator: Operator, execution_id: str, root: Path) -> dict[str, SmokeResult]:
    """The smoke results that one execution has so far, by environment."""
    runs = action_runs(operator.codepipeline, operator.pipeline, execution_id)
    smoke_runs = {run.stage.lower(): run for run in runs if run.action == _SMOKE_ACTION}
    return {
        environment: _smoke_result(operator, environment, smoke_runs[environment], root)
        for environment in ENVIRONMENTS
        if environment in smoke_runs
    }


def _smoke_result(operator: Operator, environment: str, run: ActionRun, root: Path) -> SmokeResult:
    cases = test_cases(operator.codebuild, run.external_id) if run.external_id else []
    return SmokeResult(environment, tuple(cases), _keep_reports(environment, run, root))


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
