"""An acknowledgement needs a reason, a place and a finding; without one of them it is a finding.

This proves that nothing is accepted silently. Whether a reason is true, a reviewer has to say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.acknowledgements import Acknowledgement, AcknowledgementsError, judge, load
from gates.finding import Finding

REASON = "Only signed callers reach this bucket and each access is logged by the trail anyway"
FOUND = Finding("Tap/Dev/Stack/Bucket/Resource", "t.json", "AwsSolutions-S1", "why", "fix")
WILD = Finding("Tap/Dev/Stack/Role", "t.json", "AwsSolutions-IAM5", "why", "fix", "Resource::*")


def acknowledgement(**changes: str) -> Acknowledgement:
    usual = {"rule": "AwsSolutions-S1", "where": "Tap/*/Stack/Bucket/Resource", "reason": REASON}
    return Acknowledgement(**(usual | changes))


def rules(*entries: Acknowledgement) -> list[str]:
    return [finding.rule for finding in judge([FOUND, WILD], list(entries)).remaining]


def test_a_good_acknowledgement_covers_its_finding_and_no_other() -> None:
    assert rules(acknowledgement()) == ["AwsSolutions-IAM5"]


@pytest.mark.parametrize("reason", ["", "n/a", "not relevant", "ok " * 40, "risk accepted by team"])
def test_a_reason_without_substance_fails(reason: str) -> None:
    assert "ACK-1" in rules(acknowledgement(reason=reason))


@pytest.mark.parametrize("where", ["**", "*", "*/Stack/**"])
def test_a_place_that_could_be_anywhere_fails(where: str) -> None:
    assert "ACK-2" in rules(acknowledgement(where=where))


@pytest.mark.parametrize(
    "changes",
    [
        {"where": "Tap/Prod/Stack/Bucket/Resource"},
        {"rule": "AwsSolutions-S10"},
        {"subject": "Action::s3:*"},
        {"where": "Tap/*/Bucket/Resource"},
    ],
)
def test_one_that_covers_nothing_fails(changes: dict[str, str]) -> None:
    assert rules(acknowledgement(**changes)).count("ACK-3") == 1


@pytest.mark.parametrize("rule", ["TAP-401", "TAP-701"])
def test_what_no_acknowledgement_may_allow_stays_a_finding(rule: str) -> None:
    found = Finding("Prod/Deploy", "", rule, "why", "fix")
    for pattern in (rule, "TAP-*"):
        entry = acknowledgement(rule=pattern, where="Prod/Deploy")
        remaining = judge([found], [entry]).remaining
        assert found in remaining
    assert "ACK-4" in rules(acknowledgement(rule=rule))


def test_a_subject_is_part_of_what_is_acknowledged() -> None:
    entry = {"rule": "AwsSolutions-IAM5", "where": "Tap/Dev/**"}
    assert rules(acknowledgement(**entry, subject="Resource::[*]")) == [
        "AwsSolutions-S1",
        "AwsSolutions-IAM5",
        "ACK-3",
    ]
    assert rules(acknowledgement(**entry, subject="Resource::*")) == ["AwsSolutions-S1"]


@pytest.mark.parametrize(
    "text",
    ["", "acknowledged = 1", '[[acknowledged]]\nrule = "X"', '[[acknowledged]]\nid = "X"', "[["],
)
def test_a_file_that_cannot_be_read_is_no_empty_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "acknowledged.toml"
    file.write_text(text)
    with pytest.raises(AcknowledgementsError):
        load(file)
