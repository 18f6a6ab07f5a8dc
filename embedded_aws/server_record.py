"""`<root>/server.json`: which process serves a root, and how it is reached.

The process is named by its id *and* its start time: a stale id, or one that the system gave to
somebody else since, is never taken for the server's.
"""

from __future__ import annotations

import contextlib
import json
import signal
from dataclasses import dataclass
from pathlib import Path

from embedded_aws import processes
from embedded_aws.processes import Process


@dataclass(frozen=True)
class Record:
    """What is written about a running server."""

    process: Process
    port: int
    region: str

    @classmethod
    def read(cls, root: Path) -> Record | None:
        """The record of a root, if exactly the process that it names still runs."""
        try:
            found = json.loads(_path(root).read_text())
            pid = found["pid"]
            process = Process(pid=pid, parent=0, session=pid, started=found["started"])
            record = cls(process, int(found["port"]), str(found["region"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never written, or cut short by a crash
        return record if processes.is_running(process) else None

    def write(self, root: Path) -> None:
        """Puts the record into the root; it is whole or not there."""
        partial = _path(root).with_suffix(".partial")
        fields = {"pid": self.process.pid, "started": self.process.started}
        partial.write_text(json.dumps(fields | {"port": self.port, "region": self.region}))
        partial.replace(_path(root))


def remove(root: Path) -> None:
    """Takes the record away."""
    _path(root).unlink(missing_ok=True)


def end_remains(root: Path) -> None:
    """Ends what a crashed server left, and its record. Only for whoever holds the root's lock:
    the lock says that the server itself is gone."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        leader = json.loads(_path(root).read_text())["pid"]
        if processes.find(leader) is None:
            processes.signal_all(processes.family(leader), signal.SIGKILL)
    remove(root)


def _path(root: Path) -> Path:
    return root / "server.json"
