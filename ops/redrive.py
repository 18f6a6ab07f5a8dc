"""Redriving a dead-letter queue: the function gets each event again, as it was.

SQS's own redrive cannot do that: it moves messages to a queue, and these came from none. A message
is deleted only after its event succeeded. Whatever happens before that, it comes to light again:
at once when this ends in good order, else when its time in hiding is over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from ops.dead_letters import ALIAS, DeadLetter, Queue, Target
from ops.text import short

# While they are listed. Who is killed meanwhile has hidden them for no longer than this.
_LISTING_SECONDS = 30
# On top of the function's timeout: the call's way there and back, and the deletion.
_MARGIN_SECONDS = 60
_THROTTLED = "TooManyRequestsException"
_REFUSED = ("InvalidRequestContentException", "RequestTooLargeException")


class Outcome(StrEnum):
    """Of one message. Only REDRIVEN deletes it.

    FAILED: the function ended with an error. THROTTLED: it was not run. REFUSED: the message is no
    event that Lambda takes. UNKNOWN: no answer came; the function may have run, and still may.
    """

    REDRIVEN = "redriven"
    FAILED = "failed"
    THROTTLED = "throttled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Attempt:
    """What came of one message. detail: the error, or ""."""

    letter: DeadLetter
    outcome: Outcome
    detail: str = ""


class Redrive:
    """The dead letters of one function; made anew for every look and every execution.

    lambda_: a client that waits as long as the function may take, and does not repeat by itself
    what was throttled.
    """

    def __init__(self, target: Target, queue: Queue, lambda_: Any) -> None:
        self._target = target
        self._queue = queue
        self._lambda = lambda_
        self._seen: set[str] = set()
        self._held: dict[str, DeadLetter] = {}

    def look(self, most: int) -> list[DeadLetter]:
        """Up to `most` messages, oldest first. Everybody can see them again when it returns."""
        try:
            while self._take(most - len(self._seen), _LISTING_SECONDS):
                pass
            return sorted(self._held.values(), key=lambda letter: letter.sent_at)
        finally:
            self._queue.give_back(self._held.values())

    def execute(self, most: int, done: Callable[[Attempt], None]) -> None:
        """Up to `most` messages, one after the other; `done` hears of each as it ends.

        Each is tried once. Stops when the function is throttled: the next call would be, too.
        """
        hidden_for = self._target.timeout + _MARGIN_SECONDS
        try:
            while taken := self._take(min(1, most - len(self._seen)), hidden_for):
                attempt = self._try(taken[0])
                done(attempt)
                if attempt.outcome is Outcome.THROTTLED:
                    break
        finally:
            self._queue.give_back(self._held.values())

    def _take(self, most: int, hidden_for: int) -> list[DeadLetter]:
        """Messages that this redrive did not have yet, held until the end; empty when it has all.

        One that failed comes to light again while others are tried, and may come before those that
        never came. Being received hides it again, so that after all of these nothing is left.
        """
        if most < 1:
            return []
        for _ in range(len(self._seen) + 1):
            received = self._queue.receive(most=most, hidden_for=hidden_for)
            new = [letter for letter in received if letter.message_id not in self._seen]
            self._seen |= {letter.message_id for letter in new}
            # The newest receipt of a message is the one that counts.
            self._held |= {letter.message_id: letter for letter in received}
            if new or not received:
                return new
        return []

    def _try(self, letter: DeadLetter) -> Attempt:
        try:
            answer = self._lambda.invoke(
                FunctionName=self._target.function,
                Qualifier=ALIAS,
                Payload=letter.event.encode(),
            )
        except ClientError as error:
            return _turned_away(letter, error)
        except HTTPClientError as error:
            return Attempt(letter, Outcome.UNKNOWN, type(error).__name__)
        if answer.get("FunctionError"):
            return Attempt(letter, Outcome.FAILED, _error(answer["Payload"].read()))
        self._queue.delete(letter)
        del self._held[letter.message_id]
        return Attempt(letter, Outcome.REDRIVEN)


def _turned_away(letter: DeadLetter, error: ClientError) -> Attempt:
    """Raises the error when it is about the caller and not about this message."""
    code = error.response["Error"]["Code"]
    if code == _THROTTLED:
        return Attempt(letter, Outcome.THROTTLED, code)
    if code in _REFUSED:
        return Attempt(letter, Outcome.REFUSED, code)
    raise error


def _error(payload: bytes) -> str:
    """What Lambda says of an error: "Function errors" has `errorType` and `errorMessage`."""
    try:
        document = json.loads(payload)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    parts = [document.get("errorType"), document.get("errorMessage")]
    return short(": ".join(str(part) for part in parts if part))
