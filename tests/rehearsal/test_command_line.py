"""Proves that the rehearsal's commands say what is wrong, and lose nothing, when nothing is up.

What they do while a rehearsal is up is proved by the whole delivery's tests.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rehearsal.__main__ import main
from rehearsal.stock.place import root_of


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["logs", "Synth"],
        ["shell", "Synth"],
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


def test_wrong_settings_are_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cdk.json").write_text('{"context": {"tap": {"region": "us-west-9"}}}')
    monkeypatch.setattr("rehearsal.cli.CHECKOUT", tmp_path)
    assert main(["--root", str(tmp_path / "root"), "run"]) == 1
    said = capsys.readouterr().err
    assert 'tap.region is "us-west-9"' in said
    assert "tap.tools_account is missing" in said
    assert not (tmp_path / "root" / "server.json").exists()


def test_down_with_nothing_up_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path), "down"]) == 0
    assert "nothing is up" in capsys.readouterr().out


def test_reset_removes_what_a_rehearsal_wrote(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "server.lock").touch()
    assert main(["--root", str(root), "reset"]) == 0
    assert not root.exists()


def test_clean_says_what_it_frees_and_keeps_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "command.lock").touch()
    for name in ("cache", "builds", "last"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(bytes(3 * 1024 * 1024))
    os.link(tmp_path / "cache" / "file", tmp_path / "cache" / "again")
    assert main(["--root", str(tmp_path), "clean"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^ +3 MB  \S+/cache: ", said, re.M)
    assert {path.name for path in tmp_path.iterdir()} == {"command.lock", "last"}


@pytest.mark.parametrize("command", ["clean", "reset"])
def test_builds_that_were_put_outside_of_a_checkout_go_too(tmp_path: Path, command: str) -> None:
    root, made = tmp_path / "root", tmp_path / "embedded-aws" / "0123456789abcdef"
    own = tmp_path / "somebodys"
    for folder in (root, made, own):
        folder.mkdir(parents=True)
        (folder / "command.lock").touch()
    (root / "builds").symlink_to(made)
    (root / "cache").symlink_to(own)
    assert main(["--root", str(root), command]) == 0
    assert not made.exists()
    assert (own / "command.lock").exists()


def test_clean_and_reset_reach_the_rehearsals_of_other_apps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = tmp_path / "root", tmp_path / "root" / "apps" / "theirs-0123abcd"
    (theirs / "cache").mkdir(parents=True)
    for root in (ours, theirs):
        (root / "command.lock").touch()
    assert main(["--root", str(ours), "clean"]) == 0
    assert f"{theirs}/cache" in capsys.readouterr().out
    assert main(["--root", str(ours), "reset"]) == 0
    assert not ours.exists()


@pytest.mark.parametrize("place", [0, 1])
def test_the_app_may_be_named_before_the_command_or_after_it(
    place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["status"]
    words[place:place] = ["--app", str(tmp_path / "theirs")]
    assert main(words) == 1
    assert f".rehearsal/apps/{root_of(tmp_path / 'theirs', tmp_path).name}" in (
        capsys.readouterr().err
    )


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
