"""Which processes belong to a server, and how they are ended without ever hitting a stranger.

A server leads a session of its own. Its children (function workers, builds) are in that session
or descend from it. A process id alone names nothing, because the system hands it out again; with
its start time it does. Only the standard library is used: the server imports this file too, and
whatever its interpreter holds, functions could import without shipping it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Process:
    """One running process; `started` is an opaque text, equal only for the same process."""

    pid: int
    parent: int
    session: int
    started: str


def table() -> dict[int, Process]:
    """All processes that are running now (zombies, which already ended, are left out)."""
    rows = _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps()
    return {row.pid: row for row in rows}


def _from_proc() -> Iterable[Process]:
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue  # it ended while we were reading
        # proc_pid_stat(5); the command name is in parentheses and may hold anything
        fields = text[text.rindex(")") + 2 :].split()
        if fields[0] != "Z":
            yield Process(int(entry.name), int(fields[1]), int(fields[3]), fields[19])


def _from_ps() -> Iterable[Process]:
    """The same where there is no /proc. The process group stands in for the session."""
    command = ["ps", "-axo", "pid=,ppid=,pgid=,stat=,lstart="]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        pid, parent, group, state, started = line.split(None, 4)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), int(group), started)


def find(pid: int) -> Process | None:
    """The running process with this id, or None."""
    return table().get(pid)


def family(leader: int) -> list[Process]:
    """The session that `leader` leads, or once led, and everything that descends from it.

    A session's id is not handed out again while one of its members lives, so after the leader's
    death the rest of its session can still be told by that id.
    """
    everyone = table()
    members = {pid for pid, row in everyone.items() if leader in (row.session, pid)}
    while True:
        more = {pid for pid, row in everyone.items() if row.parent in members} - members
        if not more:
            return [everyone[pid] for pid in members]
        members |= more


def is_running(process: Process) -> bool:
    """Whether exactly this process still runs, not another that got its id."""
    now = find(process.pid)
    return now is not None and now.started == process.started


def signal_all(processes: Iterable[Process], number: signal.Signals) -> None:
    """Sends a signal to those that still are who they were; others are left alone."""
    now = table()
    for process in processes:
        if now.get(process.pid, process).started == process.started:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue


def end_descendants(seconds: float) -> None:
    """KILL to all that descends from this process, until nothing is left or `seconds` are over.

    What was forked after one look is found by the next. On Linux that holds also when its parents
    are gone: this process inherits the orphans of its descendants (prctl(2), subreaper).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    own, deadline = os.getpid(), time.monotonic() + seconds
    while rest := [process for process in family(own) if process.pid != own]:
        signal_all(rest, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def wait_gone(processes: Iterable[Process], seconds: float) -> list[Process]:
    """Waits for their end; returns those that still run after `seconds`."""
    waiting = list(processes)
    deadline = time.monotonic() + seconds
    while True:
        now = table()
        waiting = [p for p in waiting if p.pid in now and now[p.pid].started == p.started]
        if not waiting or time.monotonic() > deadline:
            return waiting
        time.sleep(0.05)
