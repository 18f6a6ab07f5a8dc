"""A redrive reaches every message, also when those that failed come to light again meanwhile.

Proved on a queue that hands out the oldest visible message first, as SQS may, and on a clock that a
test moves. That SQS and Lambda behave as assumed here is for the rehearsal's tests.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ops.dead_letters import DeadLetter, Queue, Target
from ops.redrive import Attempt, Outcome, Redrive

TARGET = Target("tap-dev-worker", 180, "tap-dev-worker-dead", "https://sqs.test/dead")


class Shelf(Queue):
    """Messages by the second from which they can be seen. now: seconds; a receipt takes one."""

    def __init__(self, *events: str) -> None:
        self.visible_from = dict.fromkeys(events, 0)
        self.now = 0

    def receive(self, *, most: int, hidden_for: int) -> list[DeadLetter]:
        self.now += 1
        there = [event for event, since in self.visible_from.items() if since <= self.now][:most]
        self.visible_from |= dict.fromkeys(there, self.now + hidden_for)
        return [_letter(event) for event in there]

    def give_back(self, letters: Iterable[DeadLetter]) -> None:
        self.visible_from |= {letter.event: self.now for letter in letters}

    def delete(self, letter: DeadLetter) -> None:
        del self.visible_from[letter.event]


class Worker:
    """A function that fails on "bad" events, and takes 100 seconds for each."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def invoke(self, **given: Any) -> dict[str, Any]:
        assert (given["FunctionName"], given["Qualifier"]) == (TARGET.function, "live")
        self._shelf.now += 100
        if b"bad" in given["Payload"]:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
        return {}


def _letter(event: str) -> DeadLetter:
    return DeadLetter(event, event, event, None, datetime.now(UTC), 1, None, None, None)


def _executed(shelf: Shelf) -> list[tuple[str, Outcome]]:
    attempts: list[Attempt] = []
    Redrive(TARGET, shelf, Worker(shelf)).execute(100, attempts.append)
    return [(each.letter.event, each.outcome) for each in attempts]


def test_a_failed_message_that_comes_again_does_not_end_the_redrive() -> None:
    good = [f"good {number}" for number in range(6)]
    shelf = Shelf("bad", *good)
    assert _executed(shelf) == [
        ("bad", Outcome.FAILED),
        *((event, Outcome.REDRIVEN) for event in good),
    ]
    assert list(shelf.visible_from) == ["bad"]


def test_each_is_tried_once_although_all_fail_and_come_again() -> None:
    bad = [f"bad {number}" for number in range(8)]
    shelf = Shelf(*bad)
    assert sorted(_executed(shelf)) == [(event, Outcome.FAILED) for event in bad]
    assert {since for since in shelf.visible_from.values() if since > shelf.now} == set()
