"""Runs the tools of this checkout in an environment that is built from nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from embedded_aws import host as machine
from rehearsal.credentials import Credentials
from rehearsal.errors import CommandError
from rehearsal.server import REPOSITORY, Server

_TAIL_LINES = 30


def cdk(server: Server, credentials: Credentials, arguments: Sequence[str], *, cwd: Path) -> str:
    """Runs the pinned CDK CLI with these credentials; returns what it printed.

    Raises `CommandError` with the tail of its output when it fails.
    """
    command = [str(REPOSITORY / "node_modules" / ".bin" / "cdk"), *arguments, "--no-color"]
    return run(command, environment(server) | server.environment(credentials), cwd=cwd)


def environment(server: Server) -> dict[str, str]:
    """What a tool gets besides AWS settings: a PATH, and a HOME that is the rehearsal's own."""
    home = server.root / "home" / "tools"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{machine.node_bin(REPOSITORY)}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "TMPDIR": str(server.root / "tmp"),
        "LANG": "C.UTF-8",
        "CI": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NODE_COMPILE_CACHE": str(server.root / "cache" / "node"),
    }


def run(command: Sequence[str], environment: dict[str, str], *, cwd: Path) -> str:
    """Runs a command to its end; returns stdout and stderr as one text."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
        name = " ".join([Path(command[0]).name, *command[1:]])
        raise CommandError(f"`{name}` failed with exit code {done.returncode}:\n{last}")
    return done.stdout
