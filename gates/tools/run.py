"""Runs a tool as a child process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from guards import isolated as _isolated


class ToolError(Exception):
    """A tool did not do its work. That is never "no findings"."""


def run(command: list[str], *, expected: Collection[int], folder: Path | None = None) -> str:
    """What the command prints, run in `folder` or here.

    Raises ToolError when its exit code is none of the expected.
    """
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be run: {error}") from error
    if done.returncode not in expected:
        raise ToolError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def isolated(module: str, checkout: Path | None = None) -> list[str]:
    """How a module runs that nothing at a checkout's root can shadow; of this one, unless told."""
    own = Path(_isolated.__file__).resolve()
    runner = checkout / "guards" / own.name if checkout else own
    return [sys.executable, "-I", str(runner), module]
