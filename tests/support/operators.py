"""`python -m ops` as a person types it, in a shell that `scripts/rehearsal env` has prepared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.clients import Credentials
from embedded_aws.server import CHECKOUT, Server


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


def redrive(server: Server, keys: Credentials, *arguments: str) -> Ended:
    """`python -m ops redrive`, with these keys and no others."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return run(["redrive", *arguments], mine | server.environment(keys))


def run(arguments: list[str], shell: Mapping[str, str]) -> Ended:
    """`python -m ops`, in a shell with these variables."""
    command = [sys.executable, "-m", "ops", *arguments]
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=shell,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
