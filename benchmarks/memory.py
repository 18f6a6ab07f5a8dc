"""How much memory a process has held."""

from __future__ import annotations

import re
import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """The most resident memory of this process so far, in MB (10^6 bytes).

    Linux counts in getrusage() what the parent held when it forked, so its own file is read there
    (proc(5), VmHWM, in KiB). Elsewhere, on macOS, getrusage() answers in bytes.
    """
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = re.search(r"^VmHWM:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{_STATUS} names no VmHWM")
    return int(found[1]) * 1024 / 1e6
