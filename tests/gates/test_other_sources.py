"""The rules hold for the other two kinds of source, too.

Proves that a pipeline on CodeCommit or S3 breaks no rule, but differs from the reviewed texts,
which are of the settings in cdk.json, and that a start by another branch's events is reported.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.delivery import Delivery
from gates.rules import RULES, check
from tests.gates.drafts import Draft
from tests.support.synthesis import with_settings

SOURCES = {
    "codecommit": {"type": "codecommit", "repository": "shop", "branch": "main"},
    "s3": {"type": "s3", "bucket": "shop-source", "key": "main.zip"},
}


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Delivery]:
    """The delivery of the settings in cdk.json, with each of the other sources."""
    folder = tmp_path_factory.mktemp("sources")
    return {name: _delivery(source, folder / name) for name, source in SOURCES.items()}


def _delivery(source: dict[str, str], checkout: Path) -> Delivery:
    assembly = with_settings(checkout, source=source)
    return Delivery.read(assembly.directory, checkout)


@pytest.mark.parametrize("source", SOURCES)
def test_another_source_breaks_no_rule(deliveries: dict[str, Delivery], source: str) -> None:
    found = check(deliveries[source])
    rules = {each.rule for each in found if not each.path.startswith("accounts/bootstrap/")}
    assert rules == {"TAP-701"}


def test_an_event_of_another_branch_is_reported(deliveries: dict[str, Delivery]) -> None:
    draft = Draft.of(deliveries["codecommit"])
    draft.only("AWS::Events::Rule")["EventPattern"]["detail"]["referenceName"] = ["experiments"]
    assert list(RULES["TAP-417"].findings(draft.delivery))
