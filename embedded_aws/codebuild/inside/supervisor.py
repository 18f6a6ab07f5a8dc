"""A build's own process: runs its commands in one shell and lets none of them outlive it.

Standard input begins with the commands' environment (JSON, a line): this process has none, for what
starts it is outside of the sandbox. Then it carries one order a line: `run SCRIPT`, or `collect
REQUEST` (JSON, see `_collect`). Commands write to this process's standard output, and after each
order this process adds `\\0TOKEN STATUS\\n`. When standard input ends (the server closed it, or
died), every process that a command started, however far it detached itself, is killed by its id,
and this process ends.

Buildspec 0.2 runs all commands in one shell instance (user guide, build-spec-ref-versions), so
directory, variables and functions stay. `exit` does not end the build, so when the shell is gone
the next script gets a new one with the directory and exported variables of the last.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embedded_aws.codebuild.inside import collecting

_DRIVER = r"""
__codebuild_state=$1
shift
if [ -f "$__codebuild_state/environment" ]; then . "$__codebuild_state/environment"; fi
if [ -f "$__codebuild_state/directory" ]; then cd -- "$(cat "$__codebuild_state/directory")"; fi
__codebuild_save() {
  export -p > "$__codebuild_state/environment"
  pwd > "$__codebuild_state/directory"
}
trap '__codebuild_status=$?; __codebuild_save; exit $__codebuild_status' EXIT
while IFS= read -r __codebuild_script <&3; do
  . "$__codebuild_script" 3<&- 4>&- </dev/null
  __codebuild_status=$?
  __codebuild_save
  printf '%d\n' "$__codebuild_status" >&4
done
trap - EXIT
"""
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_NAME = b"codebuild"
_NOT_FOR_US = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
_GRACE = 0.5
"""Seconds between TERM and KILL."""


class Shell:
    """One shell instance; `descriptor` becomes readable when a script ended in it."""

    def __init__(self, program: str, state: str, environment: dict[str, str]) -> None:
        scripts_out, self._scripts = _pipe()
        self.descriptor, answers_in = _pipe()
        driver = Path(state, "driver.sh")
        driver.write_text(_DRIVER)
        # The driver names them 3 and 4: sh takes one-digit descriptors only.
        os.dup2(scripts_out, 3)
        os.dup2(answers_in, 4)
        process = subprocess.Popen(
            [program, str(driver), state],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=(3, 4),
            start_new_session=True,
        )
        process.returncode = 0  # main() reaps every child by its id; this object must not
        self.pid = process.pid
        for descriptor in (3, 4, scripts_out, answers_in):
            os.close(descriptor)

    def send(self, script: str) -> None:
        """Makes the shell run a script."""
        os.write(self._scripts, script.encode() + b"\n")

    def close(self) -> None:
        """Gives the descriptors back."""
        os.close(self._scripts)
        os.close(self.descriptor)


def _pipe() -> list[int]:
    """(reading, writing) end of a pipe, out of the way of descriptors 0 to 9."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved


def main(token: str, state: str, shell_program: str) -> None:
    """Serves orders until standard input ends, then leaves no process behind."""
    if sys.platform == "linux":
        # A daemon whose parents ended becomes our child instead of init's, and so is found.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _stand_aside()
    groups: list[int] = []
    try:
        shell: Shell | None = None
        environment: dict[str, str] = json.loads(_line() or "{}")
        while line := _line():
            order, _, argument = line.partition(" ")
            if order == "collect":
                os.write(1, f"\0{token} {_collect(json.loads(argument))}\n".encode())
                continue
            if shell is None:
                shell = Shell(shell_program, state, environment)
                groups.append(shell.pid)
            shell.send(argument)
            status, alive = _wait(shell)
            if status is None:
                return
            if not alive:
                shell.close()
                shell = None
            os.write(1, f"\0{token} {status}\n".encode())
    finally:
        _kill_all(groups)


def _stand_aside() -> None:
    """Lets `pkill python` end the build's own programs only, as where what runs its commands is
    none of them. Handlers, because what is ignored stays ignored in every command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, _NAME, 0, 0, 0)
    for name in _NOT_FOR_US:
        signal.signal(signal.Signals[name], lambda *_: None)


def _collect(request: dict[str, Any]) -> int:
    """Packs the files that `wanted` takes below `root` into `archive`; an exit status."""
    wanted = {name: _hashable(value) for name, value in request["wanted"].items()}
    try:
        found = collecting.matching(Path(request["root"]), collecting.FileSet(**wanted))
        collecting.pack(found, Path(request["archive"]))
    except (OSError, ValueError) as error:
        os.write(1, f"{error}\n".encode())
        return 1
    return 0


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _line() -> str:
    """The next line of standard input, read byte by byte to take nothing of the line after it.

    Empty at the input's end."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return ""
        line += byte
    return line.decode().rstrip("\n")


def _wait(shell: Shell) -> tuple[int | None, bool]:
    """(exit status, whether the shell still runs); (None, ...) if standard input ended first."""
    while True:
        readable, _, _ = select.select([0, shell.descriptor], [], [], 0.05)
        if shell.descriptor in readable and (answer := os.read(shell.descriptor, 64)):
            return int(answer), True
        if 0 in readable and not os.read(0, 1):
            return None, True
        ended = _reap()
        if shell.pid in ended:
            return ended[shell.pid], False


def _reap() -> dict[int, int]:
    """Exit statuses of the children that ended, as a shell would say them."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        code = os.waitstatus_to_exitcode(status)
        ended[pid] = code if code >= 0 else 128 - code


def _kill_all(groups: list[int]) -> None:
    """TERM, a moment, then KILL until nothing is left."""
    _signal_all(signal.SIGTERM, groups)
    deadline = time.monotonic() + _GRACE
    while _descendants() and time.monotonic() < deadline:
        _reap()
        time.sleep(0.02)
    while _descendants():
        _signal_all(signal.SIGKILL, groups)
        _reap()
        time.sleep(0.02)
    with contextlib.suppress(ChildProcessError):
        while True:  # all have ended; what they leave unread would stay in the process table
            os.waitpid(-1, 0)


def _signal_all(number: signal.Signals, groups: list[int]) -> None:
    for pid in _descendants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    if sys.platform != "linux":  # no subreaper there: what detached itself is found by its group
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)


def _descendants() -> list[int]:
    """Ids of all processes below this one that have not ended."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    queue = list(children.get(os.getpid(), []))
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue.extend(children.get(pid, []))
    return found


def _processes() -> Iterator[tuple[int, int]]:
    """(id, parent's id) of every process that has not ended."""
    if sys.platform == "linux":
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # proc(5): "pid (name) state ppid ..."; a name may itself hold parentheses.
                state, parent = entry.read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(entry.parent.name), int(parent)
        return
    lister = subprocess.Popen(["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=-1, text=True)
    for line in lister.communicate()[0].splitlines():
        pid, parent, state = line.split(None, 2)
        if not state.startswith("Z") and int(pid) != lister.pid:
            yield int(pid), int(parent)
