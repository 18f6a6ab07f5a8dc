"""What one rehearsal leaves behind: `last/summary.json` and the smoke reports beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded_aws.isolation import Isolation
from embedded_aws.outbox import Message
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution, TestCase
from pages.files import replace
from rehearsal import smoke_reports
from rehearsal.fidelity import Row, RunEvidence
from rehearsal.fidelity_page import fidelity_page
from rehearsal.project import Target
from rehearsal.promotion_page import PromotionPage
from rehearsal.reading import Reading
from rehearsal.told import told_page
from rehearsal.update import Change


@dataclass(frozen=True)
class SmokeResult:
    """The smoke tests of one target, as CodeBuild's report groups have them."""

    target: str
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
    """How a commit fared on its way to the last target, `goal`; `deployed` are the accounts (their
    labels) that it was deployed to, as far as an action in the targets' stages ran.

    started_from: in words. updated: the commit that was there before, None for a creation; `held`,
    by account, how much data was; `changes`, what was replaced, removed or lost; `readings`, what
    was read back through the APIs. page: from which it was approved, None where the pipeline made
    none. told: what people were, in its order.
    """

    goal: Target
    deployed: tuple[str, ...]
    execution: Execution
    commit: str
    actions: tuple[ActionRun, ...]
    smoke: dict[str, SmokeResult]
    isolation: Isolation
    started_from: str = ""
    updated: str | None = None
    held: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    readings: tuple[Reading, ...] = ()
    page: PromotionPage | None = None
    told: tuple[Message, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the last target serves the commit and its smoke tests, if it has any, said so,
        and all data is still there, as the APIs tell it."""
        smoke = self.smoke.get(self.goal.name)
        proved = smoke.passed if smoke else self.goal.smoke is None
        return self.execution.status == "Succeeded" and proved and not (self.lost or self.unread)

    @property
    def lost(self) -> int:
        """How much data is gone that was there before."""
        return sum(change.lost for change in self.changes)

    @property
    def unread(self) -> tuple[Reading, ...]:
        """What the APIs do not answer as before."""
        return tuple(each for each in self.readings if each.said)

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
    pipeline: Pipeline, execution: Execution, commit: str, targets: Sequence[Target], root: Path
) -> Outcome:
    """Read how `execution` ended, and keep its smoke reports under `root/last`."""
    runs = tuple(pipeline.runs(execution.id))
    smoke = smoke_of(pipeline, execution.id, targets, root)
    reached = {run.stage for run in runs}
    deployed = [label for each in targets if each.stage in reached for label in each.accounts]
    isolation = Isolation.of(root)
    labels = tuple(dict.fromkeys(deployed))
    return Outcome(targets[-1], labels, execution, commit, runs, smoke, isolation)


def smoke_of(
    pipeline: Pipeline, execution_id: str, targets: Sequence[Target], root: Path
) -> dict[str, SmokeResult]:
    """The smoke results that one execution has so far, by target: those of its smoke action, or of
    whatever builds reported checks where none is named."""
    runs = pipeline.action_runs(execution_id)
    results = {}
    for target in targets:
        tests = [r for r in runs if r.stage == target.stage and target.smoke in (r.action, None)]
        result = _smoke_result(pipeline, target, tests, root)
        if result.cases or (target.smoke and tests):
            results[target.name] = result
    return results


def _smoke_result(
    pipeline: Pipeline, target: Target, runs: Sequence[ActionRun], root: Path
) -> SmokeResult:
    cases = [case for run in runs for case in pipeline.test_cases(run)]
    reports: dict[str, str] = {}
    for run in runs:
        build = root / "builds" / run.external_id.replace(":", "-")
        reports |= smoke_reports.keep(build, target.name, root / "last")
    return SmokeResult(target.name, tuple(cases), reports)


def start_anew(root: Path) -> None:
    """Remove what the previous rehearsal left, so that it cannot be taken for this one's."""
    last = root / "last"
    shutil.rmtree(last, ignore_errors=True)
    last.mkdir(parents=True)


def write(root: Path, result: Outcome, fidelity: Sequence[Row]) -> Path:
    """Write `last/summary.json`, which is whole or not there, `last/fidelity.html`, and, where
    people were told something, `last/notifications.html`; the folder of all."""
    last = root / "last"
    if result.told:
        replace(last / "notifications.html", told_page(result.told, result.commit))
    replace(last / "fidelity.html", fidelity_page(fidelity, result.commit))
    document = {
        "execution_id": result.execution.id,
        "commit": result.commit,
        "status": result.execution.status,
        "passed": result.passed,
        "started_from": result.started_from,
        "update": _update(result),
        "actions": [_action(run) for run in result.actions],
        "smoke": {name: smoke.as_json() for name, smoke in result.smoke.items()},
        "promotion": result.page.as_json() if result.page else None,
        "notifications": [asdict(each) for each in result.told],
        "fidelity": [asdict(row) for row in fidelity],
    }
    replace(last / "summary.json", json.dumps(document, indent=2) + "\n")
    return last


def _update(result: Outcome) -> dict[str, Any] | None:
    if result.updated is None:
        return None
    return {
        "from": result.updated,
        "held": dict(result.held),
        "lost": result.lost,
        "changes": [asdict(change) for change in result.changes],
        "read_back": [asdict(reading) for reading in result.readings],
    }


def _action(run: ActionRun) -> dict[str, str | None]:
    return {
        "stage": run.stage,
        "action": run.action,
        "status": run.status,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
    }
