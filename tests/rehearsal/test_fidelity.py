"""Proves that the fidelity table claims nothing that did not happen, and passes over nothing.

It is held against the corrections in the code and against the tests that it names. Whether the
list of the emulator's weaknesses is complete is knowledge, not something a test can prove.
"""

from __future__ import annotations

import ast

import pytest

from embedded_aws.isolation import Isolation
from embedded_aws.server import CHECKOUT, Server
from rehearsal import fidelity
from rehearsal.behaviours import BEHAVIOURS, GROUPS
from rehearsal.fidelity import Row, RunEvidence, Status
from rehearsal.project import Target

TARGETS = (Target("try", "Try", ("try",)), Target("use", "Use", ("use",)))
ISOLATED = Isolation(by="bubblewrap 0.8.0")
NOTHING = RunEvidence.of([], {}, ISOLATED)

WHOLE_RUN = RunEvidence.of(
    [
        *("Source/tap", "Compare/Compare", "Build/Synth", "Build/Gates"),
        *("UpdatePipeline/SelfMutate", "Assets/Assets"),
        *("Try/Stack.Prepare", "Try/Stack.Deploy", "Try/Smoke", "Preview/Page", "Promote/Approve"),
        *("Use/UseEntry", "Use/Stack.Prepare", "Use/Stack.Deploy", "Use/Smoke"),
    ],
    {
        target.name: [
            "test_a_signed_request_is_accepted",
            "test_an_accepted_request_is_completed_in_every_store",
            "test_a_replay_answers_the_same_ids",
            "test_an_unsigned_call_is_refused",
            "test_a_principal_without_permission_is_refused",
            "test_a_bad_body_is_refused[not json]",
            "test_a_photo_becomes_derivatives_that_tell_nothing_about_it",
            "test_a_table_becomes_rows_and_a_profile",
            "test_a_page_that_is_called_a_photo_is_rejected",
            "test_a_form_refuses_a_larger_file",
            "test_a_form_refuses_what_it_was_not_made_for[key]",
        ]
        for target in TARGETS
    },
    ISOLATED,
)

KNOWN_WEAKNESSES = (
    *(
        "BucketEncryption",
        "TTL",
        "PITR",
        "lifecycle rules",
        "EphemeralStorage",
        "repeats, reorders",
    ),
    *("access logs", "logs and traces of state machines", "missing from S3"),
    *("CloudFormation execution role", "iam:PassRole", "dynamodb:LeadingKeys"),
    *("memory limits", "X-Ray", "IntegrationLatency"),
    *("Step Functions' metrics", "NumberOfMessages", "metric filters", "KmsMasterKeyId"),
    *("metrics of DynamoDB", "EvaluateLowSampleCountPercentile", "further periods"),
    *("EXPRESS", "root key", "tampered body", "CodeBuild's image", "import nothing but"),
)


def table(evidence: RunEvidence) -> list[Row]:
    return fidelity.table(evidence, TARGETS, GROUPS)


def exercised(evidence: RunEvidence) -> set[str]:
    return {row.behaviour for row in table(evidence) if row.status is Status.EXERCISED}


def test_a_run_in_which_nothing_happened_exercised_nothing() -> None:
    assert exercised(NOTHING) == set()


def test_a_whole_run_exercises_all_that_a_run_can_show() -> None:
    assert exercised(WHOLE_RUN) == {b.text for b in BEHAVIOURS if b.shown_by}


@pytest.mark.parametrize("lost", sorted(WHOLE_RUN.actions | WHOLE_RUN.checks))
def test_what_did_not_succeed_is_not_claimed(lost: str) -> None:
    evidence = RunEvidence(WHOLE_RUN.actions - {lost}, WHOLE_RUN.checks - {lost}, ISOLATED)
    missing = exercised(WHOLE_RUN) - exercised(evidence)
    assert missing
    for row in table(evidence):
        assert row.behaviour not in missing or row.status is not Status.EXERCISED


def test_what_did_not_happen_in_a_target_that_is_added_is_not_claimed() -> None:
    between = (TARGETS[0], Target("more", "More", ("more",)), TARGETS[1])
    rows = {row.behaviour: row for row in fidelity.table(WHOLE_RUN, between, GROUPS)}
    tested = rows["smoke tests run between the stages"]
    assert tested.status is Status.NOT_EXERCISED
    assert tested.evidence == "did not succeed in this run: action:More/Smoke"


def test_builds_that_were_not_isolated_are_said_to_be_so_with_the_reason() -> None:
    why = Isolation(reason="bwrap is not installed: install it")
    evidence = RunEvidence(WHOLE_RUN.actions, WHOLE_RUN.checks, why)
    (lost,) = exercised(WHOLE_RUN) - exercised(evidence)
    row = next(row for row in table(evidence) if row.behaviour == lost)
    assert row.evidence == "not isolated: bwrap is not installed: install it"


def test_every_row_has_something_to_say() -> None:
    assert all(row.evidence for row in table(NOTHING) + table(WHOLE_RUN))
    assert len({b.text for b in BEHAVIOURS}) == len(BEHAVIOURS)


def test_every_named_test_exists() -> None:
    named = [test for b in BEHAVIOURS for test in (b.emulated_by, b.tested_by) if test]
    for path, _, name in (test.partition("::") for test in named):
        tree = ast.parse((CHECKOUT / path).read_text())
        assert name in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, path


def test_every_named_check_is_a_smoke_test() -> None:
    tests = {
        node.name
        for file in (CHECKOUT / "integ").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    named = {
        pattern.rpartition("/")[2].rstrip("*")
        for behaviour in BEHAVIOURS
        for pattern in behaviour.shown_by
        if pattern.startswith("check:")
    }
    assert named <= tests


def test_every_correction_has_a_row_and_every_row_a_correction(emulator: Server) -> None:
    folder = CHECKOUT / "embedded_aws" / "corrections"
    files = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert {b.correction for b in BEHAVIOURS if b.correction} == files
    logged = next(line for line in emulator.log.read_text().splitlines() if "corrections: " in line)
    assert set(logged.partition("corrections: ")[2].split()) == files


def test_what_only_a_test_shows_is_not_claimed_for_a_run() -> None:
    rows = {row.behaviour: row for row in table(WHOLE_RUN)}
    emulated = [b for b in BEHAVIOURS if b.emulated_by]
    assert emulated
    for behaviour in emulated:
        assert rows[behaviour.text].status is Status.TESTED
        assert rows[behaviour.text].evidence == behaviour.emulated_by


@pytest.mark.parametrize("weakness", KNOWN_WEAKNESSES)
def test_what_the_emulator_is_known_not_to_do_is_named(weakness: str) -> None:
    rows = [row for row in table(WHOLE_RUN) if weakness in row.behaviour]
    assert [row.status for row in rows] == [Status.NOT_EXERCISED]
