"""Proves that the end of a rehearsal claims success only for what was proved, and names causes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ops.pipeline import ActionRun, Execution
from ops.pipeline import TestCase as Case
from rehearsal import fidelity
from rehearsal.summary import Outcome, SmokeResult, verdict
from settings import Environment

ENVIRONMENTS = (Environment("dev", "222222222222"), Environment("prod", "333333333333"))
START = datetime(2026, 1, 1, tzinfo=UTC)
PASSED = Case("test_a_signed_request_is_accepted", passed=True, message="")
FAILED = Case("test_a_replay_answers_the_same_ids", passed=False, message="expected 1, got 2")


def run_of(label: str, status: str, error: str = "") -> ActionRun:
    stage, _, action = label.partition("/")
    end = START + timedelta(seconds=3)
    return ActionRun(label, stage, action, status, START, end, "", error, "")


def outcome(status: str, *runs: ActionRun, **smoke: list[Case]) -> Outcome:
    results = {name: SmokeResult(name, tuple(cases), {}) for name, cases in smoke.items()}
    return Outcome("prod", Execution("id", status, "c" * 40), "c" * 40, runs, results)


def text(result: Outcome) -> str:
    return verdict(result, fidelity.table(result.evidence(), ENVIRONMENTS), Path("summary.json"))


def test_prod_with_passed_checks_is_a_success() -> None:
    result = outcome("Succeeded", run_of("Prod/Smoke", "Succeeded"), prod=[PASSED])
    assert result.passed
    assert "PASSED: prod serves cccccccccccc; 1 of 1 smoke checks passed" in text(result)
    assert "not exercised" in text(result)


def test_a_succeeded_execution_without_checks_in_prod_is_no_success() -> None:
    for result in (outcome("Succeeded"), outcome("Succeeded", prod=[])):
        assert not result.passed
        assert "FAILED" in text(result)


def test_a_failed_check_is_named_with_what_it_said() -> None:
    failed = run_of("Dev/Smoke", "Failed", "Build terminated with state: FAILED\nand more")
    said = text(outcome("Failed", failed, dev=[PASSED, FAILED]))
    assert "Dev/Smoke failed: Build terminated with state: FAILED" in said
    assert "dev smoke check failed: test_a_replay_answers_the_same_ids" in said
    assert "expected 1, got 2" in said


def test_an_execution_that_was_superseded_is_called_so() -> None:
    assert "superseded" in text(outcome("Superseded"))


def test_only_what_succeeded_is_evidence() -> None:
    result = outcome(
        "Failed",
        run_of("Dev/Smoke", "Failed"),
        run_of("Build/Synth", "Succeeded"),
        dev=[PASSED, FAILED],
    )
    assert result.evidence().actions == {"Build/Synth"}
    assert result.evidence().checks == {f"dev/{PASSED.name}"}
