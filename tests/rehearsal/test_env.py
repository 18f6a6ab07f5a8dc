"""Proves what `scripts/rehearsal env` makes of a shell that had settings of its own.

That the keys are the operator's and the smoke role's is proved in `test_accounts`; that every
service's API is exported by its name, on the whole delivery.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from embedded_aws.server import Server
from rehearsal import CHECKOUT
from rehearsal.__main__ import main
from rehearsal.accounts import Directory
from tests.embedded_aws.emulated import ACCOUNTS, REGION


def exported(exports: str, names: list[str]) -> list[str]:
    """What a shell has in these variables after the exports, where others stood before."""
    before = "AWS_PROFILE=mine AWS_SESSION_TOKEN=old"
    script = f'export {before}; eval "$1"; ' + "; ".join(f'echo "${{{name}-}}"' for name in names)
    shell = ["bash", "-c", script, "bash", exports]
    return subprocess.run(shell, check=True, capture_output=True, text=True).stdout.splitlines()


def test_the_checkouts_own_tools_come_first_and_other_credentials_do_not_win(
    emulator: Server, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert directory.account("tools")
    assert main(["--root", str(emulator.root), "env", "tools"]) == 0
    path, *others = exported(capsys.readouterr().out, ["PATH", "AWS_PROFILE", "AWS_SESSION_TOKEN"])
    assert Path(path.partition(":")[0]) == CHECKOUT / ".venv" / "bin"
    assert others[0] == ""
    assert others[1] != "old"


def test_an_environment_that_is_not_deployed_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(tmp_path, region=REGION, services=[]) as server:
        Directory(server).create_administrators(ACCOUNTS)
        assert main(["--root", str(tmp_path), "env", "prod", "--administrator"]) == 1
    assert "prod is not deployed yet" in capsys.readouterr().err
