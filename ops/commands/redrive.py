"""Invokes a function with each event in its own dead-letter queue again, and deletes a message when
its event succeeded; what failed stays in the queue. It asks first; where nobody can be asked, --yes
says it. With --dry-run it only shows what is in the queue.

One event runs at a time, for as long as the function's timeout allows. Each is hidden from others
while it is tried; with --dry-run, for seconds only. Names and contents of files, which events
have, are not shown.

Exit code: 0 when it was shown, or when everything that was tried succeeded; 1 when something
stayed in the queue. An interruption loses nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ops import dead_letters
from ops.commands.common import ClientOf, dry_run_option, json_option
from ops.dead_letters import DeadLetter, Queue, Target
from ops.errors import NotRedrivenError
from ops.redrive import Attempt, Outcome, Redrive

HELP: Final = "invoke a function again with the events in its dead-letter queue"
_SHOWN, _STAYED = 0, 1


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("environment", help="for example dev")
    parser.add_argument("function", help="without tap-ENVIRONMENT-, for example image-processor")
    dry_run_option(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--limit", type=_positive, default=sys.maxsize, metavar="N", help="N messages at most"
    )
    json_option(parser)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, not {text!r}")
    return int(text)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    target = dead_letters.find(client, given.environment, given.function)
    queue = Queue(client("sqs"), target.queue_url)
    waiting, received = queue.counts()
    redrive = Redrive(target, queue, client("lambda"))
    report = _Report(target, waiting, received, as_json=given.json, executed=not given.dry_run)
    report.begin()
    if given.dry_run:
        for letter in redrive.look(given.limit):
            report.add(letter)
        report.end()
        return _SHOWN
    if not given.yes:
        _ask(target, can_ask=sys.stdin.isatty() and not given.json)
    try:
        redrive.execute(given.limit, lambda attempt: report.add(attempt.letter, attempt))
    finally:
        # Also of what was done before an error or an interruption.
        report.end()
    return _STAYED if report.stayed else _SHOWN


def _ask(target: Target, *, can_ask: bool) -> None:
    """Raises `NotRedrivenError` unless a person agrees: the function acts on each event again."""
    if not can_ask:
        raise NotRedrivenError(
            "nothing was redriven: nobody can be asked here; --yes redrives, --dry-run only shows"
        )
    print(
        f"Invoke {target.function} with each of these events again? Type yes: ", end="", flush=True
    )
    if sys.stdin.readline().strip() != "yes":
        raise NotRedrivenError("nothing was redriven: everything is still in the queue")


class _Report:
    """What is printed, line by line as it happens, or as one document at the end.

    waiting, received: approximate counts of messages before anything was done.
    """

    def __init__(
        self, target: Target, waiting: int, received: int, *, as_json: bool, executed: bool
    ) -> None:
        self._target = target
        self._counts = (waiting, received)
        self._as_json = as_json
        self._executed = executed
        self._rows: list[dict[str, Any]] = []
        self._now = datetime.now(UTC)

    @property
    def stayed(self) -> int:
        """How many messages were tried and stayed in the queue."""
        return sum(row["outcome"] != Outcome.REDRIVEN for row in self._rows)

    def begin(self) -> None:
        waiting, received = self._counts
        self._say(
            f"{self._target.function}: about {waiting} dead letter(s) wait in {self._target.queue}"
        )
        if received:
            self._say(f"{received} more are hidden for now: somebody has just received them")

    def add(self, letter: DeadLetter, attempt: Attempt | None = None) -> None:
        """A message that was looked at, or tried."""
        age = self._now - letter.sent_at
        row = _row(letter, age)
        if attempt is not None:
            row |= {"outcome": attempt.outcome.value, "detail": attempt.detail}
        self._rows.append(row)
        self._say(_line(row, age))

    def end(self) -> None:
        if self._as_json:
            json.dump(self._document(), sys.stdout, indent=2)
            print()
        elif self._executed:
            print(f"{len(self._rows) - self.stayed} redriven, {self.stayed} stayed in the queue")
        elif self._rows:
            print("nothing was changed: without --dry-run, the function is invoked with each again")

    def _document(self) -> dict[str, Any]:
        waiting, received = self._counts
        return {
            "function": self._target.function,
            "queue": self._target.queue,
            "waiting": waiting,
            "received_by_others": received,
            "executed": self._executed,
            "messages": self._rows,
        }

    def _say(self, line: str) -> None:
        if not self._as_json:
            print(line, flush=True)


def _row(letter: DeadLetter, age: timedelta) -> dict[str, Any]:
    return {
        "message_id": letter.message_id,
        "event_id": letter.event_id,
        "sent_at": letter.sent_at.isoformat(timespec="seconds"),
        "age_seconds": max(0, round(age.total_seconds())),
        "receives": letter.receives,
        "request_id": letter.request_id,
        "error_code": letter.error_code,
        "error_message": letter.error_message,
    }


def _line(row: dict[str, Any], age: timedelta) -> str:
    error = f"{row['error_code'] or 'no code'} {row['error_message'] or ''}".rstrip()
    outcome = row.get("outcome")
    done = "" if outcome is None else f" -> {outcome} {row['detail']}".rstrip()
    event = f"event {row['event_id']}" if row["event_id"] else f"message {row['message_id']}"
    request = f"request {row['request_id']}  " if row["request_id"] else ""
    return f"  {event}  {request}{_words(age)} old  {error}{done}"


def _words(age: timedelta) -> str:
    """E.g. "3 d 4 h", "2 min"."""
    minutes = max(0, int(age.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    if not days:
        parts.append(f"{minutes} min")
    return " ".join(part for part in parts if part)
