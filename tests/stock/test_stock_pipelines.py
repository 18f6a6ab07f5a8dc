"""Proves that apps which know nothing of the rehearsal are rehearsed, from push to the last stage.

Two apps of ours in the style of `cdk init` and the CDK Pipelines guide: Python with an approval, a
validation of what was deployed, and a wave across accounts and regions; TypeScript with an S3
source, assets that are published in parallel, exported variables and additional inputs. Their
pipelines run as they are, with the CDK CLI they install, in accounts and regions of their own.
Nothing is written into their folders.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_aws.server import Server
from ops.records import PendingApproval
from rehearsal import CHECKOUT
from rehearsal.follow import Follower
from rehearsal.lifecycle import operated
from rehearsal.progress import Progress
from tests.stock.apps import Rehearsed, commit, node_modules, rehearsed

TARGET, CUSTOMER = "222222222222", "333333333333"
AMERICA = "us-east-2"
TYPESCRIPT_TARGET = "555555555555"


@pytest.fixture
def python_app(tmp_path: Path) -> Iterator[Rehearsed]:
    with rehearsed("python_app", tmp_path, CHECKOUT / ".venv") as app:
        yield app


@pytest.fixture
def typescript_app(tmp_path: Path) -> Iterator[Rehearsed]:
    with rehearsed("typescript_app", tmp_path, node_modules()) as app:
        yield app


def test_a_stock_python_app_is_approved_by_a_person_and_delivered_to_accounts_and_regions(
    python_app: Rehearsed,
) -> None:
    before = python_app.contents()
    up = python_app.rehearsal("up", "--detach")
    assert up.returncode == 0, up.stdout + up.stderr
    assert f"stage Production: account {TARGET}, {CUSTOMER}" in up.stdout
    assert f"regions: eu-west-1, {AMERICA}" in up.stdout
    pipeline, asked = operated(Server.attach(python_app.root)), []

    def approve(waiting: PendingApproval) -> None:
        assert set(python_app.functions(TARGET)) == {deployed(python_app, TARGET, "Test")}
        assert not python_app.functions(CUSTOMER, AMERICA)
        asked.append(waiting.action)
        answered = python_app.rehearsal("approve", "--reason", "looks good")
        assert answered.returncode == 0, answered.stderr

    shown = io.StringIO()
    follower = Follower(pipeline, Progress(shown), approve)
    execution = follower.follow(python_app.head(), since=frozenset())

    assert execution.status == "Succeeded", shown.getvalue()
    assert asked == ["Approve"]
    assert [run.label for run in pipeline.action_runs(execution.id)][:6] == [
        "Source/example-org_stock-python",
        "Build/Synth",
        "UpdatePipeline/SelfMutate",
        "Test/Hello.Prepare",
        "Test/Hello.Deploy",
        "Test/Validate",
    ]
    assert len(python_app.functions(TARGET)) == len(["Test", "Europe"])
    there = python_app.functions(CUSTOMER, AMERICA)
    assert set(there) == {deployed(python_app, CUSTOMER, "America", AMERICA)}
    assert not python_app.functions(CUSTOMER)
    assert "hello from Test" in python_app.rehearsal("logs", "Validate").stdout
    assert "Production\n    Approve                     Succeeded" in (
        python_app.rehearsal("status").stdout
    )
    assert "export AWS_ACCESS_KEY_ID=" in python_app.rehearsal("env", CUSTOMER).stdout
    assert python_app.rehearsal("down").stdout == "everything is down\n"
    assert python_app.contents() == before


def deployed(app: Rehearsed, account: str, stage: str, region: str | None = None) -> str:
    """The name of the function that a stage's stack made."""
    cloudformation = app.session(account, region).client("cloudformation")
    resources = cloudformation.describe_stack_resources(StackName=f"{stage}-Hello")
    return next(
        str(each["PhysicalResourceId"])
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::Lambda::Function"
    )


def test_a_stock_typescript_app_is_delivered_by_one_command_and_its_failure_is_told(
    typescript_app: Rehearsed,
) -> None:
    before = typescript_app.contents()
    done = typescript_app.rehearsal("run", "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"PASSED: Production serves [0-9a-f]{12}\.", done.stdout)
    assert "source: s3://stock-typescript-uploads/releases/source.zip, uploaded" in done.stdout
    summary = typescript_app.summary()
    assert (summary["status"], summary["passed"], summary["smoke"]) == ("Succeeded", True, {})
    published = {a["action"] for a in summary["actions"] if a["stage"] == "Assets"}
    assert published == {"hello_Code", "goodbye_Code"}
    exercised = {r["behaviour"] for r in summary["fidelity"] if r["status"] == "exercised"}
    assert {
        "builds take several artifacts as their inputs",
        "builds take variables of builds and outputs of stacks",
        "the cdk-assets that the pipeline installs publishes to every account",
    } <= exercised
    not_exercised = json.dumps([r for r in summary["fidelity"] if r["status"] == "not exercised"])
    assert "memory limits of functions" in not_exercised
    assert "tables" not in not_exercised  # it has none
    assert "delivered 1.0-beta" in typescript_app.rehearsal("logs", "Report").stdout
    serving = typescript_app.functions(TYPESCRIPT_TARGET)
    assert set(serving) == {"stock-hello", "stock-goodbye"}
    assert typescript_app.contents() == before

    (typescript_app.app / "VERSION_SUFFIX").write_text("")
    (typescript_app.app / "functions" / "hello" / "index.js").write_text("throw new Error();\n")
    commit(typescript_app.app)
    failed = typescript_app.rehearsal("run")

    assert failed.returncode == 1
    assert "Build/Version failed" in failed.stdout
    assert typescript_app.summary()["status"] == "Failed"
    assert typescript_app.functions(TYPESCRIPT_TARGET) == serving
