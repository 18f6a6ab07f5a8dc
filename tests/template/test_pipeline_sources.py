"""The pipeline's source is a setting: a connection, CodeCommit or S3.

Proves what the two that are not the default synthesize to, and that everything after the source is
the same. Nothing here is run against a real source.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from cloud_assembly import REPOSITORY, Assembly
from pipeline.settings import Settings

from pipeline.stack import STACK_ID, PipelineStack


def with_source(source: dict[str, str], out: Path) -> Assembly:
    """The pipeline of cdk.json's settings, with another source."""
    context = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    settings = Settings.parse({**context["tap"], "source": source})
    # The application's assets are the same whatever the source.
    app = cdk.App(outdir=str(out), context={**context, "aws:cdk:bundling-stacks": []})
    env = cdk.Environment(account=settings.accounts.tools, region=settings.region)
    PipelineStack(app, STACK_ID, settings=settings, env=env)
    app.synth()
    return Assembly(out)


def after_the_source(assembly: Assembly) -> list[tuple[str, str]]:
    return [(stage, action["Name"]) for stage, action in assembly.actions() if stage != "Source"]


def test_a_codecommit_push_starts_the_pipeline(assembly: Assembly, tmp_path: Path) -> None:
    source = {"type": "codecommit", "repository": "shop", "branch": "main"}
    found = with_source(source, tmp_path)
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
    found = with_source(source, tmp_path)
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
