"""Runs commands of one build through its supervisor and says when each ended.

The supervisor (see `inside/supervisor.py`) is the only parent of a build's processes. Closing its
standard input is the one way to end a build: it works for a stop, a timeout and the death of this
server.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import secrets
import shlex
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import IO

from embedded_aws.codebuild.inside.collecting import FileSet
from embedded_aws.codebuild.record import BuildError, InterruptedBuildError
from embedded_aws.codebuild.sandbox import INTERPRETER, Sandbox

_logger = logging.getLogger("codebuild")
_FAREWELL = 10.0
"""Seconds a supervisor gets to end its processes before it is killed itself."""
_GONE = 255
"""The status of every command for which there is no supervisor any more."""
_KILLED = "This build ended the process that runs its commands: no other command can succeed."
_PIECE = 1 << 20
"""Bytes of output after which a line is taken for one, so that none fills this server's memory."""


class Runner:
    """One shell of one build. Not for use from two threads, except `interrupt`."""

    def __init__(
        self,
        *,
        shell: str,
        sandbox: Sandbox,
        environment: Mapping[str, str],
        output: Callable[[str], None],
        deadline: float,
    ) -> None:
        """`shell` is one that the build sees, `deadline` a `time.monotonic()` value."""
        self._sandbox = sandbox
        self._output = output
        self._deadline = deadline
        self._token = secrets.token_hex(16)
        self._answers: queue.Queue[int | InterruptedBuildError | None] = queue.Queue()
        self._closing = False
        self._scripts = 0
        supervisor = (INTERPRETER, "-I", "-S", sandbox.inside)
        self._process = subprocess.Popen(
            sandbox.command(*supervisor, self._token, sandbox.seen.state, shell),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=sandbox.folders.source,
            # The build's own variables are for inside: `LD_PRELOAD` would be loaded out here.
            env={},
            start_new_session=True,
        )
        self._write(json.dumps(dict(environment)))
        self._reader = threading.Thread(target=self._read, daemon=True, name="codebuild-output")
        self._reader.start()

    def run(self, command: str) -> int:
        """The exit status of `command`. Raises `InterruptedBuildError` on a stop or a timeout."""
        self._scripts += 1
        name = f"{self._scripts}.sh"
        (self._sandbox.folders.scripts / name).write_text(command + "\n")
        return self._order(f"run {self._sandbox.seen.scripts / name}")

    def value(self, text: str) -> str:
        """What the build's shell makes of `text` between double quotes."""
        if not set(text) & {"$", "`"}:
            return text
        target = self._sandbox.seen.state / "value"
        if status := self.run(f'printf %s "{text}" > {shlex.quote(str(target))}'):
            raise BuildError("CLIENT_ERROR", f"{text}: the shell gives it no value ({status})")
        with self._made("value") as file:
            return file.read().decode("utf-8", "replace")

    def collect(self, wanted: FileSet) -> IO[bytes]:
        """A zip archive of files below the source, open. Raises `BuildError` where it has none."""
        request = {
            "root": str(self._sandbox.seen.source),
            "archive": str(self._sandbox.seen.state / "collected"),
            "wanted": asdict(wanted),
        }
        if self._order(f"collect {json.dumps(request)}") != 0:
            files = ", ".join(wanted.files)
            raise BuildError("CLIENT_ERROR", f"cannot collect {files}: see the build's log")
        return self._made("collected")

    def _made(self, name: str) -> IO[bytes]:
        """A file that the build made. It may be anything by now: links are not followed."""
        path = self._sandbox.folders.state / name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise BuildError("CLIENT_ERROR", f"{name}: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BuildError("CLIENT_ERROR", f"{name}: not a file")
        return os.fdopen(descriptor, "rb")

    def _order(self, line: str) -> int:
        self._write(line)
        return self._answer()

    def _write(self, line: str) -> None:
        stdin = _pipe(self._process.stdin)
        with contextlib.suppress(BrokenPipeError):  # a supervisor that is gone answers, see `_read`
            stdin.write(f"{line}\n".encode())
            stdin.flush()

    def interrupt(self, status: str) -> None:
        """Makes a `run` under way, or the next one, raise. Any thread may call it."""
        self._answers.put(InterruptedBuildError(status))

    def close(self) -> None:
        """Ends every process of the build; returns when none is left."""
        self._closing = True
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
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
        if answer is None:
            self._answers.put(None)  # for whoever asks next
            return _GONE
        return answer

    def _read(self) -> None:
        """Passes output on line by line; a line of the token is a command's status instead.

        A build can end its supervisor (`kill -9 $PPID`, `kill -9 -1`): then no command succeeds.
        """
        mark = f"\0{self._token} ".encode()
        output: Callable[[str], None] = self._output
        for raw in _lines(_pipe(self._process.stdout), len(mark) + len(f"{_GONE}\n")):
            text, found, status = raw.partition(mark)
            if text.strip(b"\n") or not found:
                try:
                    output(text.decode("utf-8", "replace").rstrip("\r\n"))
                except OSError:  # a full disk; unread, the pipe would fill and stop the build
                    _logger.exception(
                        "the rest of the output of %s is lost", self._sandbox.folders.top
                    )
                    output = _drop
            if found:
                self._answers.put(int(status))
        if not self._closing:
            output(_KILLED)
        self._answers.put(None)


def _drop(line: str) -> None:
    """Where output goes that cannot be logged."""
    del line


def _lines(stream: IO[bytes], mark: int) -> Iterator[bytes]:
    """Its lines; of one longer than a piece, pieces, which split nothing that ends it and is no
    longer than `mark`."""
    rest = b""
    while piece := stream.readline(_PIECE):
        line, rest = rest + piece, b""
        if len(piece) == _PIECE and not piece.endswith(b"\n"):
            line, rest = line[:-mark], line[-mark:]
        yield line
    if rest:
        yield rest


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream
