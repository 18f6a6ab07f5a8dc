"""Runs the tools of this checkout in an environment that is built from nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded_aws.clients import Credentials
from embedded_aws.host import node_bin
from embedded_aws.server import Server
from rehearsal import CHECKOUT
from rehearsal.errors import CommandError

_TAIL_LINES = 30


def run_tool(
    server: Server,
    command: Sequence[str],
    credentials: Credentials | None = None,
    *,
    more: Mapping[str, str] | None = None,
) -> str:
    """Runs a command of the checkout to its end; its stdout and stderr as one text.

    command: the program's path in the checkout, and its arguments. credentials: with whose it
    reaches the server; None for a command that needs no AWS. more: variables besides.
    Raises `CommandError` with the tail of its output when it fails.
    """
    aws = server.environment(credentials) if credentials else {}
    variables = {**aws, **(more or {})}
    return run([*_run_by(command[0]), *command[1:]], server.root, variables)


def run(
    command: Sequence[str], root: Path, more: Mapping[str, str], folder: Path = CHECKOUT
) -> str:
    """Runs any command in `folder`, with what every command has and the variables `more`."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment(root), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
        name = " ".join(command).removeprefix("bash ").removeprefix(f"{CHECKOUT}/")
        raise CommandError(f"`{name}` failed with exit code {done.returncode}:\n{last}")
    return done.stdout


def _run_by(program: str) -> list[str]:
    """A script by bash, as builds run it: a checkout from an archive may have lost its modes."""
    path = str(CHECKOUT / program)
    return ["bash", path] if program.startswith("scripts/") else [path]


def environment(root: Path) -> dict[str, str]:
    """Besides AWS settings: a PATH, and a HOME that is the rehearsal's own."""
    home, temporary = root / "home" / "tools", root / "tmp"
    for folder in (home, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": environment_path(),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "CI": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def environment_path() -> str:
    """PATH: the checkout's Node, then whatever the caller has."""
    return f"{node_bin(CHECKOUT)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
