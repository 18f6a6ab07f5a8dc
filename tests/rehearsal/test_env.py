"""Proves what `scripts/rehearsal env` makes of a shell, with stacks of nobody's in the emulator.

That the keys are the operator's and the smoke role's is proved in `test_accounts`, and on the whole
delivery.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from embedded_aws.server import Server
from rehearsal import CHECKOUT
from rehearsal.__main__ import main
from rehearsal.accounts import Directory
from tests.embedded_aws.emulated import REGION

AT_AWS = f"https://{{}}.execute-api.{REGION}.amazonaws.com/v1/"


def deploy(directory: Directory, account: str, stack: str, outputs: dict[str, str]) -> None:
    """A stack that consists of a topic and these outputs."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    cloudformation = directory.session(account).client("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1}
    )


def exported(exports: str, names: list[str]) -> list[str]:
    """What a shell has in these variables after the exports, where others stood before."""
    before = "AWS_PROFILE=mine AWS_SESSION_TOKEN=old"
    script = f'export {before}; eval "$1"; ' + "; ".join(f'echo "${{{name}-}}"' for name in names)
    shell = ["bash", "-c", script, "bash", exports]
    return subprocess.run(shell, check=True, capture_output=True, text=True).stdout.splitlines()


def test_every_services_url_is_exported_by_the_name_of_its_output(
    emulator: Server, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"FilesApiUrl": AT_AWS.format("f1"), "OrderHistoryApiUrl": AT_AWS.format("o2")}
    deploy(directory, "dev", "application", {**outputs, "ApiUrlPrefix": "no address"})

    assert main(["--root", str(emulator.root), "env", "dev", "--administrator"]) == 0

    exports = capsys.readouterr().out
    names = ["TAP_FILES_API_URL", "TAP_ORDER_HISTORY_API_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"]
    assert exported(exports, names) == [
        f"{emulator.endpoint}/_aws/execute-api/f1/v1/",
        f"{emulator.endpoint}/_aws/execute-api/o2/v1/",
        "",
        "",
    ]
    assert exports.count("TAP_") == 2


def test_the_checkouts_own_tools_come_first(
    emulator: Server, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert directory.account("tools")
    assert main(["--root", str(emulator.root), "env", "tools"]) == 0
    (path,) = exported(capsys.readouterr().out, ["PATH"])
    assert Path(path.partition(":")[0]) == CHECKOUT / ".venv" / "bin"


def test_an_environment_that_is_not_deployed_is_named(
    emulator: Server, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(directory, "prod", "something-else", {"Topic": "no url"})
    assert main(["--root", str(emulator.root), "env", "prod", "--administrator"]) == 1
    assert "prod is not deployed yet" in capsys.readouterr().err
