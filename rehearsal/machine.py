"""What the rehearsal needs to know about the machine it runs on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from rehearsal.errors import RehearsalError

_PACKAGE_MANAGERS = re.compile(
    r"(?i)(PIP_|UV_|npm_config_).+|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR)"
)


def package_managers() -> dict[str, str]:
    """The settings with which pip, uv and npm reach their registries from this machine.

    Builds need them; nothing else of the developer's environment is passed on.
    """
    return {k: v for k, v in os.environ.items() if _PACKAGE_MANAGERS.fullmatch(k)}


def node_bin(repository: Path) -> Path:
    """The folder of the Node that was installed into the checkout."""
    found = sorted((repository / "node_modules").glob("node-*/bin/node"))
    if not found:
        raise RehearsalError("Node is not installed here: run `make install`")
    return found[0].parent


def listener(port: int) -> str | None:
    """Who listens on a TCP port of this machine, as `name (process id)`, if it can be told."""
    try:
        command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return _listener_from_proc(port)
    fields = {line[0]: line[1:] for line in output.splitlines() if line}
    return f"{fields['c']} (process {fields['p']})" if {"c", "p"} <= fields.keys() else None


def _listener_from_proc(port: int) -> str | None:
    """The same on Linux without lsof: from the listening socket's inode to who has it open."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            rows = (line.split() for line in table.read_text().splitlines()[1:])
            listening = "0A"  # TCP_LISTEN in include/net/tcp_states.h
            inodes |= {
                f"socket:[{row[9]}]"
                for row in rows
                if row[3] == listening and int(row[1].rpartition(":")[2], 16) == port
            }
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) in inodes:
                process = link.parts[2]
                return f"{Path('/proc', process, 'comm').read_text().strip()} (process {process})"
        except OSError:
            continue  # ended meanwhile, or not ours to look at
    return None
