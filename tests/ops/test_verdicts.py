"""What the tests of an execution say of it, from runs that were thought out.

Proves what counts as tested. That CodeBuild reports checks so, the whole delivery's tests show.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution
from ops.records import TestCase as Case
from ops.verdicts import Level, of_execution

START = datetime(2026, 1, 1, tzinfo=UTC)
PASSED, FAILED = (
    Case("it_works", passed=True, message=""),
    Case("it_fails", passed=False, message=""),
)


class Told(Pipeline):
    """One whose history is given: actions in their order, reports by their labels."""

    def __init__(self, *runs: ActionRun, **reports: list[Case]) -> None:
        self.runs, self.reports = runs, reports

    def action_runs(self, execution_id: str) -> list[ActionRun]:
        return [replace(run, execution_id=execution_id) for run in self.runs]

    def executions(self) -> list[Execution]:
        return [Execution("mine", "InProgress", "c" * 40)]

    def test_cases(self, run: ActionRun) -> list[Case]:
        return self.reports.get(run.action, [])


def ran(label: str, category: str = "Build", status: str = "Succeeded") -> ActionRun:
    stage, _, action = label.partition("/")
    end = START + timedelta(seconds=1)
    build = "project:id" if category == "Build" else ""
    run = ActionRun(label, stage, action, status, START, end, "", "", build)
    return replace(run, category=category)


SYNTH, DEPLOY, SMOKE = ran("Build/Synth"), ran("Dev/Deploy", "Deploy"), ran("Dev/Smoke")


@pytest.mark.parametrize(
    ("pipeline", "level", "text"),
    [
        (Told(SYNTH, DEPLOY, SMOKE, Smoke=[PASSED]), Level.GOOD, "1 of 1 checks passed"),
        (
            Told(DEPLOY, SMOKE, Smoke=[PASSED, FAILED]),
            Level.RED,
            "1 of 2 checks passed; failed: it",
        ),
        (Told(SYNTH, DEPLOY), Level.RED, "it is deployed, and no test looked at it"),
        (Told(SYNTH, DEPLOY, ran("Dev/Smoke", status="Failed")), Level.RED, "no test looked at it"),
        (Told(SYNTH, DEPLOY, SMOKE), Level.NOTE, "no test reported what it checked; Dev/Smoke"),
        (Told(SYNTH), Level.NOTE, "nothing of it is deployed yet"),
    ],
)
def test_what_the_tests_say(pipeline: Told, level: Level, text: str) -> None:
    (verdict,) = of_execution(pipeline, "mine")
    assert (verdict.level, verdict.about) == (level, "tests")
    assert text in verdict.text
