"""What the request service promises, as a model without stores, retries or concurrency.

The model is told what callers sent and what they heard. It knows what may be answered next, and in
the end what must have become of every request. It is the contract of the API for one caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Answer(Enum):
    """What a caller hears, by status and type."""

    ACCEPTED = "200"
    REPLAYED = "200, replayed"
    CONFLICT = "409 idempotency-key-reused"
    GIVEN_UP = "409 request-given-up"
    UNAVAILABLE = "503"
    NOTHING = "no answer"


class Fate(Enum):
    """What may have become of a request in the end."""

    DONE = "processed once, with its body"
    FAILED = "ended visibly as failed"
    NONE = "no trace"


UNCERTAIN = {Answer.UNAVAILABLE, Answer.NOTHING}


@dataclass
class Promise:
    """One key, or one POST without a key.

    bodies: sent so far. body: the one that counts, once that is known. request_id: as answered.
    """

    bodies: set[bytes] = field(default_factory=set)
    body: bytes | None = None
    request_id: str | None = None
    given_up: bool = False

    def may_answer(self, body: bytes, *, calm: bool, old: bool) -> set[Answer]:
        """To `body`, sent now. calm: no fault now. old: long enough ago to have been given up."""
        allowed = set() if calm else set(UNCERTAIN)
        if self.body is not None and self.body != body:
            return allowed | {Answer.CONFLICT}
        undecided = self.request_id is None and bool(self.bodies)
        if undecided and old:
            # Closed, and not yet failed: the one time that calm stores do not make a decision.
            allowed |= {Answer.GIVEN_UP, Answer.UNAVAILABLE}
        if self.given_up:
            return allowed | {Answer.GIVEN_UP}
        if self.body is None and self.bodies - {body}:
            allowed |= {Answer.CONFLICT}
        if self.request_id is None:
            allowed |= {Answer.ACCEPTED}
        if self.bodies:
            allowed |= {Answer.REPLAYED}
        return allowed

    def heard(self, body: bytes, answer: Answer, request_id: str | None) -> None:
        """Take note of an answer. Asserts that ids never change."""
        if answer is not Answer.CONFLICT:
            self.bodies.add(body)
        if answer is Answer.GIVEN_UP:
            self.given_up, self.body = True, body
        if answer is Answer.CONFLICT and self.body is None and len(self.bodies - {body}) == 1:
            (self.body,) = self.bodies - {body}
        if request_id is not None:
            assert self.request_id in (None, request_id)
            self.request_id, self.body = request_id, body

    def may_end(self, *, calm: bool) -> set[Fate]:
        """calm: no fault ever hit the workflow of this request."""
        if self.request_id is not None:
            return {Fate.DONE} if calm else {Fate.DONE, Fate.FAILED}
        if self.given_up:
            return {Fate.FAILED}
        return {Fate.DONE, Fate.FAILED, Fate.NONE}
