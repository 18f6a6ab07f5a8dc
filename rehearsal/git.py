"""Runs git for the rehearsal, apart from whatever git command called it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rehearsal.errors import GitError


def git(
    *arguments: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    messages: bool = False,
) -> str:
    """What git printed, without the line end.

    folder: the working tree or repository that it is about. environment: variables on top of the
    caller's. messages: also what it, or a remote's hook, said on standard error.
    Raises GitError with what git said.
    """
    about = ["-C", str(folder)] if folder else []
    # A caller may be a git hook itself: what git told it is not about this folder.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *about, *arguments],
        env={**inherited, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if messages else subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise GitError(said or f"git {arguments[0]} failed")
    return done.stdout.removesuffix("\n")
