"""The rules hold for the other two kinds of source, too.

Proves that a pipeline on CodeCommit or S3 breaks no rule, but differs from the reviewed texts,
which are of the settings in cdk.json, that the tools find nothing in it that is not acknowledged
with that source, and that a start by another branch's events is reported.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.acknowledgements import judge, load
from gates.dead_letters import without_false_alarms
from gates.delivery import Delivery
from gates.finding import deduplicated
from gates.rules import RULES, check
from gates.tools import copies, lint, nag
from tests.gates.drafts import Draft
from tests.support.synthesis import with_settings

PIPELINE = "TapPipelineStack.template.json"
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


@pytest.mark.parametrize("source", SOURCES)
def test_the_tools_find_nothing_in_it_that_is_not_acknowledged(
    deliveries: dict[str, Delivery], source: str, tmp_path: Path
) -> None:
    delivery = deliveries[source]
    written = copies.write(delivery, tmp_path).by_file.items()
    pipelines = copies.Copies({f: t for f, t in written if t.file == PIPELINE})
    assert len(pipelines.files) == 1
    found = [*lint.findings(pipelines), *nag.findings(pipelines, tmp_path / "nag")]
    judged = judge(
        without_false_alarms(deduplicated(found), delivery), load(), delivery.intended.settings
    )
    # Of one template, most acknowledgements cover nothing.
    remaining = [each for each in judged.remaining if each.rule != "ACK-3"]
    assert not remaining
    assert judged.accepted


def test_an_event_of_another_branch_is_reported(deliveries: dict[str, Delivery]) -> None:
    draft = Draft.of(deliveries["codecommit"])
    draft.only("AWS::Events::Rule")["EventPattern"]["detail"]["referenceName"] = ["experiments"]
    assert list(RULES["TAP-417"].findings(draft.delivery))
