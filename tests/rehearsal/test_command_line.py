"""Proves that the rehearsal's commands say what is wrong, and lose nothing, when nothing is up.

What they do while a rehearsal is up is proved by the whole delivery's tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.__main__ import main


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["logs", "Synth"],
        ["approve"],
        ["reject", "--reason", "no"],
        ["env", "tools"],
        ["env", "dev"],
    ],
)
def test_a_command_that_needs_a_rehearsal_says_how_to_start_one(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(tmp_path), *command]) == 1
    assert "`scripts/rehearsal up`" in capsys.readouterr().err


def test_down_with_nothing_up_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path), "down"]) == 0
    assert "nothing is up" in capsys.readouterr().out


def test_reset_removes_what_a_rehearsal_wrote(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "server.lock").touch()
    assert main(["--root", str(root), "reset"]) == 0
    assert not root.exists()


def test_reset_leaves_a_folder_alone_that_no_rehearsal_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "holiday.jpg").touch()
    assert main(["--root", str(tmp_path), "reset"]) == 1
    assert (tmp_path / "holiday.jpg").exists()
    assert "left alone" in capsys.readouterr().err


def test_a_rejection_needs_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--root", str(tmp_path), "reject"])
    assert "--reason" in capsys.readouterr().err
