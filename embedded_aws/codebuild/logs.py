"""A build's log: live to CloudWatch Logs and to a file, in order, without secrets.

Lines look as CodeBuild writes them (`[Container] 2026/11/23 05:40:00 Running command ...`), so that
what people learn to read here they can read there.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codebuild.record import BuildError

_INTERVAL = 0.3
"""Seconds between two batches."""
_BATCH_BYTES = 800_000
_BATCH_EVENTS = 5_000
"""Below the 1,048,576 bytes and 10,000 events of a batch (CloudWatch Logs API, PutLogEvents)."""
_LINE_CHARACTERS = 60_000
_OVERHEAD = 26
_MOST = 200_000_000
_LINE_COSTS = 1_000
"""Bytes of output that are kept of a build, and what a line costs besides: this server has all of
it in its memory, and `yes` writes a million lines in seconds. At AWS nothing bounds a log."""
_ENOUGH = "More output than is kept on this machine: only the build's own lines follow."
_MASK = "***"


class Redactor:
    """Replaces secret values by `***`, as CodeBuild does in its logs (build-spec-ref, env)."""

    _SHORTEST = 4

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def hide(self, value: str) -> None:
        """From now on `value` is masked, line by line as logs are written; what is too short to be
        secret is left alone."""
        lines = {line for line in value.splitlines() if len(line) >= self._SHORTEST}
        # The longest first: of one that another is a part of, nothing must remain.
        self._secrets = tuple(sorted({*self._secrets, *lines}, key=len, reverse=True))

    def clean(self, line: str) -> str:
        """`line` with every secret masked."""
        for secret in self._secrets:
            line = line.replace(secret, _MASK)
        return line


class BuildLog:
    """Appends lines; a thread of its own sends them. Before `connect` only the file has them."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._redactor = redactor
        self._lock = threading.Lock()
        self._waiting: list[dict[str, Any]] = []
        self._last = 0
        self._kept = 0
        self._over = threading.Event()
        self._sender: threading.Thread | None = None
        self._send: Any = None

    def connect(self, client: Any, group: str, stream: str) -> None:
        """Creates the stream with the service role's permissions, and starts sending.

        The group is created when it is not there; a role for a group that is needs no more.
        Raises `BuildError` ACCESS_DENIED when the role may not: then the build has no log.
        """
        try:
            _create_stream(client, group, stream)
        except ClientError as error:
            message = f"Service role does not allow AWS CodeBuild to create log streams: {error}"
            raise BuildError("ACCESS_DENIED", message) from error
        self._send = lambda events: client.put_log_events(
            logGroupName=group, logStreamName=stream, logEvents=events
        )
        self._sender = threading.Thread(target=self._run, daemon=True, name="codebuild-logs")
        self._sender.start()

    def container(self, text: str) -> None:
        """A line of CodeBuild's own."""
        stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime())
        self._write(f"[Container] {stamp} {text}")

    def line(self, text: str) -> None:
        """A line of output; beyond what is kept of a build, none."""
        before, self._kept = self._kept, self._kept + len(text) + _LINE_COSTS
        if self._kept <= _MOST:
            self._write(text)
        elif before <= _MOST:
            self.container(_ENOUGH)

    def _write(self, text: str) -> None:
        clean = self._redactor.clean(text)
        with self._lock:
            self._file.write(clean + "\n")
            # One millisecond never goes back: CloudWatch orders by it, and the order is the point.
            self._last = max(self._last, int(time.time() * 1000))
            message = clean[:_LINE_CHARACTERS] + "\n"
            self._waiting.append({"timestamp": self._last, "message": message})

    def close(self) -> None:
        """Sends what is left and closes the file."""
        self._over.set()
        if self._sender is not None:
            self._sender.join()
        with self._lock:
            self._file.close()

    def _run(self) -> None:
        while not self._over.wait(_INTERVAL):
            if not self._flush():
                return
        self._flush()

    def _flush(self) -> bool:
        """Whether CloudWatch took everything; after a refusal the file alone goes on."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for batch in _batches(waiting):
            try:
                self._send(batch)
            except ClientError as error:
                self._file.write(f"CloudWatch Logs refused the log: {error}\n")
                return False
        return True


def _batches(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    batches: list[list[dict[str, Any]]] = []
    size = 0
    for event in events:
        weight = len(event["message"].encode()) + _OVERHEAD
        if not batches or size + weight > _BATCH_BYTES or len(batches[-1]) >= _BATCH_EVENTS:
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += weight
    return batches


def _create_stream(client: Any, group: str, stream: str) -> None:
    names = {"logGroupName": group, "logStreamName": stream}
    try:
        _create(client.create_log_stream, **names)
    except client.exceptions.ResourceNotFoundException:
        _create(client.create_log_group, logGroupName=group)
        _create(client.create_log_stream, **names)


def _create(call: Any, **names: str) -> None:
    try:
        call(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
