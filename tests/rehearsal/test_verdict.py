"""Proves that the end of a rehearsal claims success only for what was proved, and names causes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from embedded_aws.isolation import Isolation
from embedded_aws.outbox import Message
from ops.records import ActionRun, Execution
from ops.records import TestCase as Case
from ops.verdicts import Level, Verdict
from rehearsal import fidelity, verdict
from rehearsal.behaviours import GROUPS
from rehearsal.fidelity_page import fidelity_page
from rehearsal.function_logs import FunctionLog
from rehearsal.own import COMMAND
from rehearsal.project import Target
from rehearsal.promotion_page import PromotionPage
from rehearsal.summary import Outcome, SmokeResult
from rehearsal.told import told_page
from rehearsal.update import Change

TARGETS = (Target("dev", "Dev", ("dev",), "Smoke"), Target("prod", "Prod", ("prod",), "Smoke"))
START = datetime(2026, 1, 1, tzinfo=UTC)
PASSED = Case("test_a_signed_request_is_accepted", passed=True, message="")
FAILED = Case("test_a_replay_answers_the_same_ids", passed=False, message="expected 1, got 2")


def run_of(label: str, status: str, error: str = "") -> ActionRun:
    stage, _, action = label.partition("/")
    end = START + timedelta(seconds=3)
    return ActionRun(label, stage, action, status, START, end, "", error, "")


def outcome(status: str, *runs: ActionRun, **smoke: list[Case]) -> Outcome:
    results = {name: SmokeResult(name, tuple(cases), {}) for name, cases in smoke.items()}
    execution = Execution("id", status, "c" * 40)
    return Outcome(TARGETS[-1], (), execution, "c" * 40, runs, results, Isolation(by="bubblewrap"))


def text(result: Outcome, *logs: FunctionLog, stays: bool = True) -> str:
    table = fidelity.table(result.evidence(), TARGETS, GROUPS)
    return verdict.text(result, table, Path("last"), {"dev": logs}, stays=stays, command=COMMAND)


def test_prod_with_passed_checks_is_a_success() -> None:
    result = outcome("Succeeded", run_of("Prod/Smoke", "Succeeded"), prod=[PASSED])
    assert result.passed
    assert "PASSED: prod serves cccccccccccc; 1 of 1 smoke checks passed" in text(result)
    assert "not exercised" in text(result)


def test_what_speaks_against_the_release_is_told_loudly_and_its_page_is_named() -> None:
    result = outcome("Succeeded", run_of("Prod/Smoke", "Succeeded"), prod=[PASSED])
    red = Verdict(Level.RED, "permissions", "tap-prod-processor gains: s3:GetObject on *")
    note = Verdict(Level.NOTE, "commits", "nothing runs there yet")
    page = PromotionPage("calm-otter", "d" * 64, (red, note), "last/promotion.html", "last/p.json")
    told = text(replace(result, page=page))
    assert "THINK AGAIN: 1 of the verdicts on calm-otter are red:" in told
    assert "  RED permissions: tap-prod-processor gains: s3:GetObject on *" in told
    assert "what prod's approver reads: last/promotion.html" in told
    quiet = text(replace(result, page=replace(page, verdicts=(note,))))
    assert "THINK AGAIN" not in quiet
    assert "what prod's approver reads: last/promotion.html" in quiet


def test_a_succeeded_execution_without_checks_in_prod_is_no_success() -> None:
    for result in (outcome("Succeeded"), outcome("Succeeded", prod=[])):
        assert not result.passed
        assert "FAILED" in text(result)


def test_a_failed_build_can_be_looked_into_while_it_is_up() -> None:
    failed = replace(run_of("Build/Synth", "Failed", "no"), external_id="synth:1")
    command = "look inside: `scripts/rehearsal shell Build/Synth`"
    assert f"    {command}" in text(outcome("Failed", failed))
    down = text(outcome("Failed", failed), stays=False)
    assert f"run it with --keep-on-failure to {command}" in down
    assert "shell" not in text(outcome("Failed", run_of("Promote/Approve", "Failed", "no")))


def test_an_update_says_what_it_replaced_and_one_that_loses_data_is_no_success() -> None:
    def updated(lost: int) -> Outcome:
        result = outcome("Succeeded", run_of("Prod/Smoke", "Succeeded"), prod=[PASSED])
        change = Change("dev", "tap-dev", "Rows", "AWS::DynamoDB::Table", "replaced", 15, lost)
        return replace(result, updated="b" * 40, held={"dev": 15, "prod": 15}, changes=(change,))

    replaced = "dev: tap-dev/Rows (AWS::DynamoDB::Table) replaced with data (15)"
    assert updated(0).passed
    assert replaced in text(updated(0))
    assert "(15 in dev, 15 in prod items): all of it is still there" in text(updated(0))
    assert not updated(3).passed
    assert "FAILED: cccccccccccc LOSES DATA: 3 items" in text(updated(3))
    assert f"{replaced}, 3 LOST" in text(updated(3))


def test_what_stores_nothing_is_counted_by_its_type_once_there_are_several() -> None:
    made = ("Version-1", "Version-2", "Alarm")
    kinds = ("AWS::Lambda::Version", "AWS::Lambda::Version", "AWS::CloudWatch::Alarm")
    changes = tuple(
        Change("dev", "tap-dev", name, kind, "replaced", None, 0)
        for name, kind in zip(made, kinds, strict=True)
    )
    updated = replace(outcome("Succeeded"), updated="b" * 40, held={"dev": 0}, changes=changes)
    said = text(updated)
    assert "  dev: 2 AWS::Lambda::Version replaced (what they store is not read)" in said
    assert "  dev: tap-dev/Alarm (AWS::CloudWatch::Alarm) replaced (what it stores" in said
    assert "Version-1" not in said


def test_a_failed_check_is_named_with_what_it_said() -> None:
    failed = run_of("Dev/Smoke", "Failed", "Build terminated with state: FAILED\nand more")
    said = text(outcome("Failed", failed, dev=[PASSED, FAILED]))
    assert "Dev/Smoke failed: Build terminated with state: FAILED" in said
    assert "dev smoke check failed: test_a_replay_answers_the_same_ids" in said
    assert "expected 1, got 2" in said


def answered(name: str, expected: int, request: str) -> Case:
    return Case(
        name,
        passed=False,
        message=f"Expected: {expected}\nGot: 502 to POST /, 42 ms, request id {request}:\nInternal",
    )


REQUESTS = ("ff683c61-a025-4ad6-b684-eea10143b1d1", "48bb2630-7dff-4786-a866-276fa45eeb72")
LOG = FunctionLog(
    "processor",
    (
        "10:00 START RequestId: 1 Version: 7",
        "10:00 a warning",
        "10:01 START RequestId: 2 Version: 7",
        "10:01 Traceback (most recent call last):",
        "10:01 KeyError: 'order'",
        "10:02 START RequestId: 3 Version: 7",
        f'10:02 {{"message": "answered", "request_id": "{REQUESTS[1]}"}}',
    ),
    Path("processor.log"),
)


def test_checks_that_fail_alike_are_told_once() -> None:
    cases = [answered("one", 200, REQUESTS[0]), answered("two", 400, REQUESTS[1]), FAILED]
    said = text(outcome("Failed", run_of("Dev/Smoke", "Failed"), dev=cases))
    assert said.count("smoke check failed") == 2
    assert "1 more failed like it: two" in said
    assert f"smoke check failed: {FAILED.name}" in said


def test_the_first_failed_check_comes_with_what_the_function_logged_about_its_request() -> None:
    said = text(outcome("Failed", dev=[answered("one", 200, REQUESTS[1])]), LOG)
    assert "processor logged (all of it: processor.log):" in said
    assert '"message": "answered"' in said
    assert "KeyError" not in said


def test_where_no_log_names_the_request_the_first_invocation_in_trouble_is_shown() -> None:
    said = text(outcome("Failed", dev=[answered("one", 200, REQUESTS[0])]), LOG)
    assert "KeyError: 'order'" in said
    assert "a warning" not in said


def test_where_the_functions_logged_no_trouble_no_log_is_shown() -> None:
    quiet = FunctionLog("processor", LOG.lines[:2], LOG.file)
    assert "logged" not in text(outcome("Failed", dev=[FAILED]), quiet)


def test_what_was_not_exercised_is_counted_by_kind_and_named_on_the_page() -> None:
    result = outcome("Succeeded", run_of("Prod/Smoke", "Succeeded"), prod=[PASSED])
    said = text(result)
    assert re.search(
        r"not exercised: \d+ of the pipeline, .* that the emulator ignores$", said, re.M
    )
    assert "last/fidelity.html" in said
    table = fidelity.table(result.evidence(), TARGETS, GROUPS)
    shown = fidelity_page(table, "<commit>")
    assert "&lt;commit&gt;" in shown
    assert all(escape(row.behaviour) in shown and escape(row.evidence) in shown for row in table)


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


def test_what_people_were_told_stands_in_its_order_and_to_whom() -> None:
    told = (
        Message(0.0, "arn:t", "A", "APPROVAL NEEDED: c <b>\nmore\nhttps://x"),
        Message(61.0, "arn:t", "D", "DELIVERED: c\nmore\nhttps://x"),
    )
    result = replace(outcome("Succeeded", prod=[PASSED]), told=told)
    lines = text(result).splitlines()
    first = lines.index("  00:00:00 APPROVAL NEEDED: c <b>")
    assert lines[first + 1] == "  00:01:01 DELIVERED: c"
    assert "nobody is subscribed" in lines[first - 1]
    addressed = tuple(replace(each, to=("team@example.com",)) for each in told)
    assert "People were told (team@example.com):" in text(replace(result, told=addressed))
    shown = told_page(told, result.commit)
    assert "APPROVAL NEEDED: c &lt;b&gt;" in shown
    assert "<b>" not in shown
    assert "People were told" not in text(outcome("Succeeded", prod=[PASSED]))
