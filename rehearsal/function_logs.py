"""What the functions of the environments wrote during a run, kept when the server is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from embedded_aws.clients import Session

_GROUPS = "/aws/lambda/"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TROUBLE = re.compile(r"Traceback|\bERROR\b|\[ERROR\]|Task timed out")


@dataclass(frozen=True)
class FunctionLog:
    """The log of one function: `lines` oldest first, kept in `file`."""

    function: str
    lines: tuple[str, ...]
    file: Path


def keep(session: Session, folder: Path, since: datetime) -> tuple[FunctionLog, ...]:
    """Writes what every function of the session's account logged since then to
    `<folder>/<function>.log`; those that logged nothing are left out."""
    logs = session.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=_GROUPS)
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    begin = int(since.timestamp() * 1000)
    kept = []
    for name in names:
        events = [
            event
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=name, startTime=begin
            )
            for event in page["events"]
        ]
        if events:
            function = name.removeprefix(_GROUPS)
            lines = tuple(_line(event["timestamp"], event["message"]) for event in events)
            kept.append(FunctionLog(function, lines, folder / f"{function}.log"))
    for log in kept:
        folder.mkdir(parents=True, exist_ok=True)
        log.file.write_text("\n".join(log.lines) + "\n", encoding="utf-8")
    return tuple(kept)


def _line(milliseconds: int, message: str) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{at:%H:%M:%S.%f} {message.rstrip()}"


def about(logs: Sequence[FunctionLog], message: str) -> FunctionLog | None:
    """The invocation that explains a failure: one whose lines have an id that `message` names,
    else the first one with trouble in it. None where there is neither."""
    ids = set(_ID.findall(message))
    invocations = [(log, lines) for log in logs for lines in _invocations(log.lines)]
    for is_wanted in (lambda line: any(each in line for each in ids), _TROUBLE.search):
        for log, lines in invocations:
            if any(map(is_wanted, lines)):
                return FunctionLog(log.function, lines, log.file)
    return None


def _invocations(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The lines of each invocation: from START to the next START (Lambda developer guide, "Viewing
    CloudWatch logs for Lambda")."""
    starts = [number for number, line in enumerate(lines) if " START RequestId: " in line]
    for begin, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        if begin < end:
            yield tuple(lines[begin:end])
