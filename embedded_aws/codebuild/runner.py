"""Runs commands of one build through its supervisor and says when each ended.

The supervisor (see `supervisor.py`) is the only parent of a build's processes. Closing its standard
input is the one way to end a build: it works for a stop, a timeout and the death of this server.
"""

from __future__ import annotations

import logging
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from embedded_aws.codebuild.record import BuildError, InterruptedBuildError

_logger = logging.getLogger("codebuild")
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_FAREWELL = 10.0
"""Seconds a supervisor gets to end its processes before it is killed itself."""


class Runner:
    """One shell of one build. Not for use from two threads, except `interrupt`."""

    def __init__(
        self,
        *,
        shell: str,
        folder: Path,
        directory: Path,
        environment: Mapping[str, str],
        output: Callable[[str], None],
        deadline: float,
    ) -> None:
        """`folder` is for this runner's own files, `deadline` a `time.monotonic()` value."""
        self._folder = folder
        self._output = output
        self._deadline = deadline
        self._token = secrets.token_hex(16)
        self._answers: queue.Queue[int | InterruptedBuildError] = queue.Queue()
        self._scripts = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), self._token, str(folder), shell],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True, name="codebuild-output")
        self._reader.start()

    def run(self, command: str) -> int:
        """The exit status of `command`. Raises `InterruptedBuildError` on a stop or a timeout."""
        self._scripts += 1
        script = self._folder / f"{self._scripts}.sh"
        script.write_text(command + "\n")
        stdin = _pipe(self._process.stdin)
        try:
            stdin.write(f"{script}\n".encode())
            stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._lost() from error
        return self._answer()

    def interrupt(self, status: str) -> None:
        """Makes a `run` under way, or the next one, raise. Any thread may call it."""
        self._answers.put(InterruptedBuildError(status))

    def close(self) -> None:
        """Ends every process of the build; returns when none is left."""
        stdin = _pipe(self._process.stdin)
        if not stdin.closed:
            stdin.close()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(1.0)

    def _answer(self) -> int:
        try:
            answer = self._answers.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            raise InterruptedBuildError("TIMED_OUT") from None
        if isinstance(answer, InterruptedBuildError):
            raise answer
        return answer

    def _lost(self) -> Exception:
        try:
            self._answer()
        except InterruptedBuildError as interrupted:
            return interrupted
        return BuildError("INTERNAL_SERVICE_ERROR", "the build's supervisor process is gone")

    def _read(self) -> None:
        """Passes output on line by line; a line of the token is a command's status instead."""
        mark = f"\0{self._token} ".encode()
        output: Callable[[str], None] = self._output
        for raw in _pipe(self._process.stdout):
            text, found, status = raw.partition(mark)
            if text.strip(b"\n") or not found:
                try:
                    output(text.decode("utf-8", "replace").rstrip("\r\n"))
                except OSError:  # a full disk; unread, the pipe would fill and stop the build
                    _logger.exception("the rest of the output of %s is lost", self._folder.parent)
                    output = _drop
            if found:
                self._answers.put(int(status))
        self._answers.put(255)


def _drop(line: str) -> None:
    """Where output goes that cannot be logged."""
    del line


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream
