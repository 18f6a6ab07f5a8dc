"""The pipeline's source is a setting: a connection, CodeCommit or S3.

Proves what the two that are not the default synthesize to, and that everything after the source is
the same. Nothing here is run against a real source.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.synthesis import Assembly, with_settings


def after_the_source(assembly: Assembly) -> list[tuple[str, str]]:
    return [(stage, action["Name"]) for stage, action in assembly.actions() if stage != "Source"]


def test_a_codecommit_push_starts_the_pipeline(assembly: Assembly, tmp_path: Path) -> None:
    source = {"type": "codecommit", "repository": "shop", "branch": "main"}
    found = with_settings(tmp_path / "checkout", source=source)
    action = found.action("Source", "Source")
    assert action["ActionTypeId"]["Provider"] == "CodeCommit"
    assert action["Configuration"]["RepositoryName"] == "shop"
    assert action["Configuration"]["BranchName"] == "main"
    (rule,) = found.resources("AWS::Events::Rule")
    assert rule["EventPattern"]["source"] == ["aws.codecommit"]
    assert "Triggers" not in found.pipeline
    assert after_the_source(found) == after_the_source(assembly)


def test_a_zip_in_a_bucket_is_polled_and_named_by_its_version(
    assembly: Assembly, tmp_path: Path
) -> None:
    source = {"type": "s3", "bucket": "shop-source", "key": "main.zip"}
    found = with_settings(tmp_path / "checkout", source=source)
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
