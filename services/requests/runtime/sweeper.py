"""Finishes what acceptance left undone: starts what never started, ends what can never end.

A run looks at the rows that have been in one state for too long. It needs nothing but the table and
the workflow's own records, so it also repairs what an interrupted run left: every step is
conditional, may be repeated, and may overlap with another run.

- accepted, payload there: the execution is started by name, which starts it at most once.
- accepted, payload missing: waited for, then *closed*, then failed. Closing is what makes giving up
  safe: a repeated call with the same idempotency key may store the payload at any time, but not
  once it has read a closed row, and a call lives shorter than the pause between two looks at a
  row. So the look after the closing one sees every payload that will ever be stored for it.
- processing, execution ended: the workflow could not say so itself (it was aborted, timed out, or
  lost the table), so the sweeper does.

A row that stays goes to the end of its queue, whatever came of the look at it, so that the same
rows never use up the limit of run after run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.logic import SHARDS
from services.requests.runtime.models import PAYLOAD_MISSING, Ending, Row, Status
from services.requests.runtime.ports import Backlog, Payloads, Workflow

# A row is looked at when it has stood still for so long. Accepted: an ordinary start takes less
# than a second; a call to the API ends after 28 seconds, and must end within this pause.
# Processing: also longer than an EXPRESS execution may live (5 minutes).
ACCEPTED_PAUSE = timedelta(seconds=60)
PROCESSING_PAUSE = timedelta(minutes=10)
# A payload that is not there after this long is given up. Callers retry for minutes, not for hours.
PAYLOAD_BOUND = timedelta(minutes=15)
# Rows a run looks at, of each status and shard.
LIMIT = 200


class Outcome(StrEnum):
    """Of a look at one row.

    GIVEN_UP: failed, because its payload never arrived. SETTLED: failed, because its execution had
    ended without success. These two are final; a row with any other outcome is looked at again.
    TROUBLED: a store did not answer. LEFT: the run's time was over.
    """

    STARTED = "Started"
    WAITING = "Waiting"
    GIVEN_UP = "GivenUp"
    SETTLED = "Settled"
    TROUBLED = "Troubled"
    LEFT = "Left"


@dataclass(frozen=True)
class Look:
    """What became of one row in one run. cause: of Outcome.TROUBLED. ending: of a failed row."""

    row: Row
    outcome: Outcome
    ending: Ending | None = None
    cause: UnavailableError | None = None


@dataclass(frozen=True)
class Sweep:
    """One run. unread: how many parts of the index did not answer, or not in the run's time.

    backlog: due accepted rows found. oldest: the longest any of them has waited since acceptance.
    """

    looks: tuple[Look, ...]
    backlog: int
    oldest: timedelta
    unread: int


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Map(Protocol):
    """Results in the order of the items, however many are under way at once."""

    def __call__[T, R](self, function: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]: ...


@dataclass(frozen=True)
class _Part:
    """What one query reads of the index."""

    status: Status
    shard: str
    until: datetime


@dataclass(frozen=True)
class Sweeper:
    """each: applies a function to every part of the index, and to every row; like `map`.

    may_go_on: asked before each of them; what comes after a "no" is left to the next run.
    """

    payloads: Payloads
    backlog: Backlog
    workflow: Workflow
    now: Callable[[], datetime] = _utc_now
    each: Map = map
    may_go_on: Callable[[], bool] = lambda: True
    limit: int = LIMIT

    def run(self) -> Sweep:
        """Looks at every row that is due. Never raises UnavailableError: the next run is near."""
        parts = self._parts()
        answers = [rows for rows in self.each(self._read, parts) if rows is not None]
        due = sorted((row for rows in answers for row in rows), key=_queue)
        accepted = [row for row in due if row.status is Status.ACCEPTED]
        return Sweep(
            looks=tuple(self.each(self._look, due)),
            backlog=len(accepted),
            oldest=max(map(self._age, accepted), default=timedelta(0)),
            unread=len(parts) - len(answers),
        )

    def look_only(self) -> None:
        """Reads one part of the index and does nothing about it. Raises UnavailableError."""
        part = self._parts()[0]
        self.backlog.pending(part.shard, part.status, part.until, 1)

    def _parts(self) -> list[_Part]:
        pauses = {Status.ACCEPTED: ACCEPTED_PAUSE, Status.PROCESSING: PROCESSING_PAUSE}
        return [
            _Part(status, str(shard), self.now() - pause)
            for status, pause in pauses.items()
            for shard in range(SHARDS)
        ]

    def _read(self, part: _Part) -> list[Row] | None:
        """The part's rows that are due; None when it did not answer, or time was over."""
        if not self.may_go_on():
            return None
        with suppress(UnavailableError):
            return self.backlog.pending(part.shard, part.status, part.until, self.limit)
        return None

    def _look(self, row: Row) -> Look:
        if not self.may_go_on():
            return Look(row, Outcome.LEFT)
        try:
            if row.status is Status.PROCESSING:
                return self._settle(row)
            if self.payloads.adopt(row.s3_key):
                return self._start(row)
            return self._wait_for_payload(row)
        except UnavailableError as cause:
            # Should that fail too, the next run meets the row where it is.
            with suppress(UnavailableError):
                self.backlog.postpone(row, self.now())
            return Look(row, Outcome.TROUBLED, cause=cause)

    def _start(self, row: Row) -> Look:
        self.workflow.start(row)
        if self._age(row) < PAYLOAD_BOUND:
            # Until its claim, which takes it out of this queue.
            self.backlog.postpone(row, self.now())
            return Look(row, Outcome.STARTED)
        # Started before, and yet nobody claimed the row: did the execution end before it could?
        return self._settle(row, unless=Outcome.STARTED)

    def _settle(self, row: Row, unless: Outcome = Outcome.WAITING) -> Look:
        ending = self.workflow.ending(row)
        if ending is None:
            self.backlog.postpone(row, self.now())
            return Look(row, unless)
        return self._fail(row, ending, Outcome.SETTLED)

    def _wait_for_payload(self, row: Row) -> Look:
        if row.closed_at is not None:
            ending = Ending(PAYLOAD_MISSING, f"No payload within {PAYLOAD_BOUND} of acceptance")
            return self._fail(row, ending, Outcome.GIVEN_UP)
        if self._age(row) < PAYLOAD_BOUND:
            self.backlog.postpone(row, self.now())
        else:
            # The clock is read again: the pause before the last look starts now.
            self.backlog.close(row, self.now())
        return Look(row, Outcome.WAITING)

    def _fail(self, row: Row, ending: Ending, outcome: Outcome) -> Look:
        if self.backlog.fail(row, ending, self.now()):
            return Look(row, outcome, ending)
        return Look(row, Outcome.WAITING)

    def _age(self, row: Row) -> timedelta:
        return self.now() - datetime.fromisoformat(row.timestamp)


def _queue(row: Row) -> str:
    """Sorts rows by status, accepted ones first, and then the longest waiting."""
    return row.pending_since or ""
