"""The one way by which the emulator's services measure themselves, from whatever thread.

Whoever measures does not wait, and wakes nobody more than five times a second: what was measured is
gathered, and written on the event loop, where requests about metrics are answered and alarms
evaluated too. Whoever reads has it written first (`Recorder.write`), so that a measurement is there
after the answer to the request that caused it. Equal values of one minute are kept once, counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence, Set
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch

from embedded_aws.metrics.datum import Datum

Scope = tuple[str, str]
"""Account and region."""

Name = tuple[Scope, str, str]
"""Where a metric is, its namespace and its name."""

GATHER_SECONDS = 0.2
"""How long measurements are gathered."""


class Recorder:
    """Writes into the emulator's store, and tells who listens of what is new."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: Callable[[Set[Name]], None] = lambda _names: None
        self._waiting: deque[tuple[Scope, Sequence[Datum]]] = deque()
        self._new: set[Name] = set()
        self._gathering = False

    def begin(self, loop: asyncio.AbstractEventLoop, told: Callable[[Set[Name]], None]) -> None:
        """Before that, nothing is measured: the server does not answer yet.

        told: is called on the event loop with what is new, after it was gathered.
        """
        self._loop, self._told = loop, told

    def record(self, data: Sequence[Datum]) -> None:
        """Measurements in the account and region of the caller; returns at once."""
        if data and self._loop is not None:
            self._waiting.append(((get_account_id(), get_region()), data))
            self._gather(self._loop)

    def announce(self, namespace: str, name: str) -> None:
        """Something was written without this recorder, in the scope of the caller."""
        if self._loop is not None:
            self._new.add(((get_account_id(), get_region()), namespace, name))
            self._gather(self._loop)

    def write(self) -> None:
        """Writes what is waiting. On the event loop."""
        while self._waiting:
            scope, data = self._waiting.popleft()
            with request_scope(*scope):
                for datum in data:
                    keep(datum)
            self._new.update((scope, datum.namespace, datum.name) for datum in data)

    def _gather(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._gathering:
            self._gathering = True
            loop.call_soon_threadsafe(loop.call_later, GATHER_SECONDS, self._end_gathering)

    def _end_gathering(self) -> None:
        self._gathering = False  # first: what comes now is gathered again
        self.write()
        new, self._new = self._new, set()
        self._told(new)


def keep(datum: Datum) -> None:
    """Writes one down, on the event loop, in the scope of whose it is; tells nobody."""
    key = (datum.namespace, datum.name, cloudwatch._dims_key(datum.dimensions))
    points: list[dict[str, Any]] = cloudwatch._metric_bucket(key)
    point = {"Timestamp": datum.kept_at, "Value": datum.value, "Unit": datum.unit}
    newest = points[-1] if points else {}
    if "_stat" not in newest and point.items() <= newest.items():
        newest["Count"] = newest.get("Count", 1.0) + 1
        return
    # All points of a metric have the same dimensions; one object for them all is enough.
    dimensions = newest.get("Dimensions") or dict(datum.dimensions)
    points.append(point | {"Dimensions": dimensions})


RECORDER = Recorder()
"""Of this process."""


def record(*data: Datum) -> None:
    """See `Recorder.record`."""
    RECORDER.record(data)
