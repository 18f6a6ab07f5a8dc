"""An acknowledgement needs a reason, a place and a finding; without one of them it is a finding.

This proves that nothing is accepted silently. Whether a reason is true, a reviewer has to say.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gates.acknowledgements import Acknowledgement, AcknowledgementsError, judge, load
from gates.finding import Finding
from gates.report import text
from settings import Settings
from tests.support.synthesis import REPOSITORY

REASON = "Only signed callers reach this bucket and each access is logged by the trail anyway"
NO_DATE = '[[acknowledged]]\nrule="X"\nwhere="Y"\nreason="Z"\nexpires="never"\n'
FOUND = Finding("Tap/Dev/Stack/Bucket/Resource", "t.json", "AwsSolutions-S1", "why", "fix")
WILD = Finding("Tap/Dev/Stack/Role", "t.json", "AwsSolutions-IAM5", "why", "fix", "Resource::*")


SETTINGS = Settings.of_checkout(REPOSITORY)
TODAY = date(2026, 11, 26)


def acknowledgement(**changes: Any) -> Acknowledgement:
    usual = {
        "rule": "AwsSolutions-S1",
        "where": "Tap/<environment>/Stack/Bucket/Resource",
        "reason": REASON,
        "expires": TODAY + timedelta(days=100),
    }
    return Acknowledgement(**(usual | changes))


def rules(*entries: Acknowledgement, today: date = TODAY) -> list[str]:
    judged = judge([FOUND, WILD], list(entries), SETTINGS, today)
    return [each.rule for each in judged.remaining]


def test_a_good_acknowledgement_covers_its_finding_and_no_other() -> None:
    assert rules(acknowledgement()) == ["AwsSolutions-IAM5"]


def test_one_for_another_source_covers_nothing_and_is_not_missed() -> None:
    assert rules(acknowledgement(source="connection")) == ["AwsSolutions-IAM5"]
    elsewhere = acknowledgement(source="codecommit")
    assert rules(elsewhere) == ["AwsSolutions-S1", "AwsSolutions-IAM5"]


def test_one_for_a_setting_that_no_environment_has_covers_nothing_and_is_not_missed() -> None:
    assert rules(acknowledgement(setting="rollback")) == ["AwsSolutions-IAM5"]
    elsewhere = acknowledgement(setting="bake_minutes")
    assert rules(elsewhere) == ["AwsSolutions-S1", "AwsSolutions-IAM5"]


@pytest.mark.parametrize("reason", ["", "n/a", "not relevant", "ok " * 40, "risk accepted by team"])
def test_a_reason_without_substance_fails(reason: str) -> None:
    assert "ACK-1" in rules(acknowledgement(reason=reason))


@pytest.mark.parametrize(
    "where",
    ["**", "*", "*/Stack/Bucket", "Tap/Dev/**", "Tap/*/Stack/Bucket/Resource", "Tap/D*/Stack"],
)
def test_a_place_that_could_be_several_fails(where: str) -> None:
    assert "ACK-2" in rules(acknowledgement(where=where))


@pytest.mark.parametrize("rule", ["AwsSolutions-*", "*", "AwsSolutions-S*"])
def test_several_rules_at_once_fail(rule: str) -> None:
    assert {"ACK-2", "AwsSolutions-S1"} <= set(rules(acknowledgement(rule=rule)))


def test_one_that_has_expired_covers_nothing_and_is_told() -> None:
    entry = acknowledgement(expires=TODAY + timedelta(days=1))
    assert "ACK-5" not in rules(entry)
    assert {"ACK-5", "AwsSolutions-S1"} <= set(rules(entry, today=TODAY + timedelta(days=1)))


def test_one_that_never_expires_is_told() -> None:
    assert "ACK-5" in rules(acknowledgement(expires=date(9999, 1, 1)))
    assert "ACK-5" not in rules(acknowledgement(expires=TODAY + timedelta(days=366)))


def test_one_that_ends_before_long_is_said_and_no_finding() -> None:
    entry = acknowledgement(expires=TODAY + timedelta(days=30))
    judged = judge([FOUND], [entry], SETTINGS, TODAY)
    assert judged.remaining == []
    assert f"soon: on {entry.expires} ends the acknowledgement of {entry.label}" in text(judged, 1)
    assert "soon:" not in text(
        judge([FOUND], [entry], settings=SETTINGS, today=TODAY - timedelta(days=1)), 1
    )


@pytest.mark.parametrize(("rule", "never"), [("TAP-433", True), ("TAP-401", True), ("X1", False)])
def test_a_finding_that_cannot_be_acknowledged_says_so(rule: str, *, never: bool) -> None:
    found = Finding("Tap/Prod/Api", "", rule, "why", "fix")
    said = text(judge([found], [], settings=SETTINGS, today=TODAY), 1)
    assert ("cannot be acknowledged" in said) is never


def test_a_list_of_places_is_one_acknowledgement_each(tmp_path: Path) -> None:
    file = tmp_path / "acknowledged.toml"
    file.write_text(
        '[[acknowledged]]\nrule = "X"\nwhere = ["A/B", "A/C"]\nexpires = 2027-01-01\nreason = "r"\n'
    )
    assert [each.where for each in load(file)] == ["A/B", "A/C"]
    assert load(file)[0].expires == date(2027, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"where": "Tap/Prod/Stack/Bucket/Resource"},
        {"rule": "AwsSolutions-S10"},
        {"subject": "Action::s3:*"},
        {"where": "Tap/<environment>/Bucket/Resource"},
    ],
)
def test_one_that_covers_nothing_fails(changes: dict[str, str]) -> None:
    assert rules(acknowledgement(**changes)).count("ACK-3") == 1


@pytest.mark.parametrize("rule", ["TAP-401", "TAP-701"])
def test_what_no_acknowledgement_may_allow_stays_a_finding(rule: str) -> None:
    found = Finding("Prod/Deploy", "", rule, "why", "fix")
    entry = acknowledgement(rule=rule, where="Prod/Deploy")
    assert found in judge([found], [entry], settings=SETTINGS, today=TODAY).remaining
    assert "ACK-4" in rules(acknowledgement(rule=rule))


def test_a_subject_is_part_of_what_is_acknowledged_without_the_hashes_of_names() -> None:
    entry = {"rule": "AwsSolutions-IAM5", "where": "Tap/<environment>/Stack/Role"}
    missed = ["AwsSolutions-S1", "AwsSolutions-IAM5", "ACK-3"]
    assert rules(acknowledgement(**entry, subject="Resource::<Uploads.Arn>/*")) == missed
    assert rules(acknowledgement(**entry, subject="Resource::*")) == ["AwsSolutions-S1"]
    named = replace(WILD, subject="Resource::<Uploads4F6EB0FD.Arn>/*")
    of_uploads = acknowledgement(**entry, subject="Resource::<Uploads.Arn>/*")
    assert judge([named], [of_uploads], settings=SETTINGS, today=TODAY).remaining == []
    # All of them is a subject of its own, not a pattern for any.
    everything = acknowledgement(**entry, subject="Resource::*")
    assert named in judge([named], [everything], settings=SETTINGS, today=TODAY).remaining


@pytest.mark.parametrize(
    "content",
    [
        "",
        "acknowledged = 1",
        '[[acknowledged]]\nrule = "X"',
        '[[acknowledged]]\nid = "X"',
        "[[",
        NO_DATE,
        NO_DATE.replace('"never"', "2027-01-01") + 'setting="colour"\n',
    ],
)
def test_a_file_that_cannot_be_read_is_no_empty_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "acknowledged.toml"
    file.write_text(content)
    with pytest.raises(AcknowledgementsError):
        load(file)
