"""The pipeline's source is a setting, and the rules hold for the two that are not the default, too.

Proves what CodeCommit and S3 synthesize to, and that everything after the source is the same; that
such a pipeline breaks no rule, but differs from the reviewed texts, which are of the settings in
cdk.json; that the tools find nothing in it that is not acknowledged with that source; and that a
start by another branch's events is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gates.delivery import Delivery
from gates.rules import RULES, check
from gates.tools import lint, nag
from tests.gates.drafts import Draft
from tests.gates.explained import pipeline_copy, unexplained
from tests.support.synthesis import Assembly, with_settings

SOURCES = {
    "codecommit": {"type": "codecommit", "repository": "shop", "branch": "main"},
    "s3": {"type": "s3", "bucket": "shop-source", "key": "main.zip"},
}


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assembly]:
    """Of the settings in cdk.json, with each of the other sources."""
    folder = tmp_path_factory.mktemp("sources")
    return {name: with_settings(folder / name, source=source) for name, source in SOURCES.items()}


@pytest.fixture(scope="module")
def deliveries(assemblies: dict[str, Assembly]) -> dict[str, Delivery]:
    """Each with the checkout that it was synthesized from."""
    return {
        name: Delivery.read(assembly.directory, assembly.directory.parent)
        for name, assembly in assemblies.items()
    }


def after_the_source(assembly: Assembly) -> list[tuple[str, str]]:
    return [(stage, action["Name"]) for stage, action in assembly.actions() if stage != "Source"]


def of_codecommit(rule: Mapping[str, Any]) -> bool:
    """Is it a rule about what CodeCommit tells?"""
    return bool(rule.get("EventPattern", {}).get("source") == ["aws.codecommit"])


def test_a_codecommit_push_starts_the_pipeline(
    assembly: Assembly, assemblies: dict[str, Assembly]
) -> None:
    found = assemblies["codecommit"]
    action = found.action("Source", "Source")
    assert action["ActionTypeId"]["Provider"] == "CodeCommit"
    assert action["Configuration"]["RepositoryName"] == "shop"
    assert action["Configuration"]["BranchName"] == "main"
    rules = found.resources("AWS::Events::Rule")
    assert len([each for each in rules if of_codecommit(each)]) == 1
    assert "Triggers" not in found.pipeline
    assert after_the_source(found) == after_the_source(assembly)


def test_a_zip_in_a_bucket_is_polled_and_named_by_its_version(
    assembly: Assembly, assemblies: dict[str, Assembly]
) -> None:
    found = assemblies["s3"]
    action = found.action("Source", "Source")
    assert action["ActionTypeId"]["Provider"] == "S3"
    assert action["Configuration"] == {
        "S3Bucket": "shop-source",
        "S3ObjectKey": "main.zip",
        "PollForSourceChanges": True,
    }
    question = found.action("Promote", "Approve")["Configuration"]["CustomData"]
    assert f"#{{{action['Namespace']}.VersionId}}" in question
    assert "Triggers" not in found.pipeline
    assert after_the_source(found) == after_the_source(assembly)


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
    copy = pipeline_copy(delivery, tmp_path)
    found = [*lint.findings(copy), *nag.findings(copy, tmp_path / "nag")]
    assert unexplained(found, delivery) == []


def test_an_event_of_another_branch_is_reported(deliveries: dict[str, Delivery]) -> None:
    draft = Draft.of(deliveries["codecommit"])
    properties = (each["Properties"] for each in draft.resources("tap-pipeline").values())
    (rule,) = (each for each in properties if of_codecommit(each))
    rule["EventPattern"]["detail"]["referenceName"] = ["experiments"]
    assert list(RULES["TAP-417"].findings(draft.delivery))
