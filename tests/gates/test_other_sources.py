"""The rules hold for the other two kinds of source, too.

Proves that a pipeline on CodeCommit or S3 breaks no rule but the snapshot's, which is of the
settings in cdk.json, and that a start by another branch's events is reported.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drafts import Draft
from test_pipeline_sources import with_source

from assembly.pipeline import Delivery
from gates.shape.rules import RULES, judge
from tests.support.synthesis import REPOSITORY

SOURCES = (
    {"type": "codecommit", "repository": "shop", "branch": "main"},
    {"type": "s3", "bucket": "shop-source", "key": "main.zip"},
)


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Delivery]:
    """The delivery of the settings in cdk.json, with each of the other sources."""
    folder = tmp_path_factory.mktemp("sources")
    return {source["type"]: _delivery(source, folder / source["type"]) for source in SOURCES}


def _delivery(source: dict[str, str], out: Path) -> Delivery:
    read = Delivery.read(with_source(source, out).directory, REPOSITORY, out / "none")
    return replace(read, intended=replace(read.intended, source=source))


@pytest.mark.parametrize("source", ["codecommit", "s3"])
def test_another_source_breaks_no_rule(deliveries: dict[str, Delivery], source: str) -> None:
    assert set(judge(deliveries[source])) == {"reviewed-permissions"}


def test_an_event_of_another_branch_is_reported(deliveries: dict[str, Delivery]) -> None:
    draft = Draft.of(deliveries["codecommit"])
    draft.only("AWS::Events::Rule")["EventPattern"]["detail"]["referenceName"] = ["experiments"]
    assert list(RULES["nothing-else-starts-it"](draft.delivery))
