"""`python -m promotion` as a build or a person runs it, on a running emulator.

Proves that it finds the stacks behind the approval, says what would happen to them, and exits by
the verdict. As which role a pipeline runs it is not shown here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.embedded_aws.emulated import PROD, REGION, REPOSITORY, TOOLS, Credentials, Server
from tests.promotion.conftest import Prod, template
from tests.promotion.test_previews import queue, table

COMMIT = "c" * 40


def action(name: str, kind: str, order: int = 1, **configuration: str) -> dict[str, Any]:
    category, _, provider = kind.partition("/")
    return {
        "Name": name,
        "RunOrder": order,
        "ActionTypeId": {"Category": category, "Provider": provider},
        "Configuration": configuration,
    }


def deployment(stack: str) -> dict[str, Any]:
    """The stage that deploys a stack, as CDK Pipelines writes it."""
    overrides = json.dumps({"DeployedCommit": "#{Source.CommitId}"})
    prepare = action(
        "Prepare",
        "Deploy/CloudFormation",
        ActionMode="CHANGE_SET_REPLACE",
        StackName=stack,
        TemplatePath=f"Synth::{stack}.template.json",
        ParameterOverrides=overrides,
    )
    execute = {"ActionMode": "CHANGE_SET_EXECUTE", "StackName": stack}
    deploy = action("Deploy", "Deploy/CloudFormation", 2, **execute)
    return {"Name": stack, "Actions": [prepare, deploy]}


def told(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "Parameters": {"DeployedCommit": {"Type": "String", "Default": "b" * 40}}}


def assembly(folder: Path, **stacks: Mapping[str, Any]) -> Path:
    """A cloud assembly: the pipeline, a stack before the approval, the others behind it."""
    approve = {"Name": "Promote", "Actions": [action("Approve", "Approval/Manual")]}
    stages = [deployment("early"), approve, *(deployment(name) for name in stacks)]
    pipeline = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": stages}}
    bodies = {"tap-pipeline": template(P=pipeline), "early": template(Q=queue()), **stacks}
    artifacts = {}
    for name, body in bodies.items():
        account = TOOLS if name == "tap-pipeline" else PROD
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/{REGION}",
            "properties": {"templateFile": f"{name}.template.json", "stackName": name},
        }
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.template.json").write_text(json.dumps(body))
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


@pytest.fixture(scope="module")
def shell(server: Server, prod: Prod) -> dict[str, str]:
    """The variables of a shell with the credentials of somebody in prod."""
    identity = prod.client("iam").create_access_key(UserName="administrator")["AccessKey"]
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = Credentials(identity["AccessKeyId"], identity["SecretAccessKey"])
    return mine | server.environment(keys)


def promotion(
    folder: Path, shell: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    kinds = {"html": "p.html", "json": "p.json", "variables": "p.txt"}
    files = [each for kind, name in kinds.items() for each in (f"--{kind}", str(folder / name))]
    command = [sys.executable, "-m", "promotion", *arguments, "--commit", COMMIT, *files]
    return subprocess.run(
        command, cwd=REPOSITORY, env=shell, capture_output=True, text=True, check=False
    )


def test_what_the_approval_would_let_through_is_told(
    prod: Prod, shell: dict[str, str], tmp_path: Path
) -> None:
    prod.deploy("late", told(template(Rows=table("late"))))
    release = assembly(tmp_path / "cdk.out", late=told(template(Rows=table("other"))))
    done = promotion(tmp_path, shell, str(release))
    assert done.returncode == 1, done.stderr
    assert "RED   data: " in done.stdout
    twin = json.loads((tmp_path / "p.json").read_text())
    assert [stack["stack"] for stack in twin["stacks"]] == ["late"]
    assert twin["running"]["commit"] == "b" * 40
    assert twin["release"]["commit"] == COMMIT
    assert "its rows will be lost" in (tmp_path / "p.html").read_text()
    changes, digest, running, said = (tmp_path / "p.txt").read_text().splitlines()
    assert (changes, running) == ("true", "b" * 40)
    assert digest == twin["release"]["digest"]
    assert f"{twin['release']['name']}: " in said
    assert "RED (data" in said


def test_nothing_to_deploy_exits_with_0(prod: Prod, shell: dict[str, str], tmp_path: Path) -> None:
    prod.deploy("calm", told(template(Q=queue())))
    release = assembly(tmp_path / "cdk.out", calm=told(template(Q=queue())))
    done = promotion(tmp_path, shell, str(release))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to deploy" in (tmp_path / "p.html").read_text()
    assert (tmp_path / "p.txt").read_text().startswith("false\n")


def test_what_is_missing_is_named_and_no_file_is_written(
    shell: dict[str, str], tmp_path: Path
) -> None:
    done = promotion(tmp_path, shell, str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "is no cloud assembly: run scripts/synth first" in done.stderr
    assert not list(tmp_path.glob("p.*"))


def test_a_role_that_cannot_be_taken_says_whose_turn_it_is(
    shell: dict[str, str], tmp_path: Path
) -> None:
    release = assembly(tmp_path / "cdk.out", late=told(template(Q=queue())))
    role = f"arn:aws:iam::{PROD}:role/not-there-yet"
    done = promotion(tmp_path, shell, str(release), "--role-arn", role)
    assert done.returncode == 2
    assert f"{role} cannot be taken" in done.stderr
    assert "applies the bootstrap of this commit" in done.stderr
    assert not list(tmp_path.glob("p.*"))
