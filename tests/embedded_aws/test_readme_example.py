"""The example of the embedded AWS's README, executed as it stands there, in the folder of an app.

Proves that it brings up a server, bootstraps, deploys the app's pipeline and starts it by a push.
Where a person is asked to press Enter, the test looks at the pipeline, and approves.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from embedded_aws.clients import Credentials
from embedded_aws.connections.played import Connection
from embedded_aws.errors import NotRunningError
from embedded_aws.server import CHECKOUT, Server
from tests.support import small_pipeline

PATIENCE = 60.0
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


def example() -> str:
    (found,) = PYTHON.findall((CHECKOUT / "embedded_aws" / "README.md").read_text())
    return str(found)


def app_in(folder: Path, source: Connection) -> None:
    """A repository of somebody's, whose app was synthesized before."""
    small_pipeline.write(folder / "prepared", source, cdk.DefaultStackSynthesizer())
    (folder / "cdk.json").write_text('{"app": "prepared"}')
    (folder / small_pipeline.TEMPLATE).write_text(TEMPLATE)
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for arguments in (
        ("init", "--quiet"),
        ("add", "--all"),
        (*author, "commit", "--quiet", "--message", "An app"),
    ):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)


def delivered(server: Server, account: str) -> str:
    """Approves what the push started; how its execution ended."""
    pipelines = server.session(Credentials.root(account)).client("codepipeline")
    name, deadline = small_pipeline.PIPELINE, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        newest: dict[str, Any] = pipelines.list_pipeline_executions(pipelineName=name)[
            "pipelineExecutionSummaries"
        ][0]
        assert newest["trigger"]["triggerType"] == "WebhookV2"
        if newest["status"] != "InProgress":
            return str(newest["status"])
        stage = pipelines.get_pipeline_state(name=name)["stageStates"][1]
        asked = stage["actionStates"][0].get("latestExecution", {})
        if "token" in asked:
            pipelines.put_approval_result(
                pipelineName=name,
                stageName="Deploy",
                actionName="Approve",
                token=asked["token"],
                result={"status": "Approved", "summary": "Enter"},
            )
        time.sleep(0.2)
    raise AssertionError("the pipeline did not end")


def test_the_example_runs_as_it_stands(tmp_path: Path) -> None:
    (arn,) = re.findall(r"arn:aws:codeconnections:[\w:/-]+", example())
    source, app = Connection(arn, "owner/name"), tmp_path / "app"
    app.mkdir()
    app_in(app, source)
    (tmp_path / "roots").mkdir()
    variables = {
        "PATH": f"{CHECKOUT / 'node_modules' / '.bin'}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(CHECKOUT),
        "TMPDIR": str(tmp_path / "roots"),
        "HOME": str(tmp_path),
    }
    command = [sys.executable, "-u", "-c", example()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=app, env=variables, text=True, **pipes) as running:
        try:
            until_asked(running)
            (record,) = (tmp_path / "roots").glob("*/server.json")
            ended = delivered(Server.attach(record.parent), source.account)
            rest, _ = running.communicate("\n")
        finally:
            running.kill()  # the server ends with it
    assert (ended, running.returncode, rest) == ("Succeeded", 0, "")
    with pytest.raises(NotRunningError):
        Server.attach(record.parent)


def until_asked(running: subprocess.Popen[str]) -> None:
    """Reads until the example asks for Enter."""
    assert running.stdout
    said = ""
    while not said.endswith("Enter ends it all. "):
        character = running.stdout.read(1)
        assert character, said
        said += character
