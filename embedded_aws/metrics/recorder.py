"""The one way by which the emulator's services measure themselves, from whatever thread.

What is measured is written on the event loop, where requests about metrics are answered and alarms
evaluated too: nobody waits for a lock, and a measurement is there before the answer to the request
that caused it. Equal values of one minute are kept once, with a count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch

from embedded_aws.metrics.datum import Datum

Scope = tuple[str, str]
"""Account and region."""

Told = Callable[[Scope, Iterable[tuple[str, str]]], None]
"""Is called on the event loop with the namespaces and names of what is new."""


class Recorder:
    """Writes into the emulator's store, and tells who listens of what is new."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: Told = lambda _scope, _names: None

    def begin(self, loop: asyncio.AbstractEventLoop, told: Told) -> None:
        """Before that, nothing is measured: the server does not answer yet."""
        self._loop, self._told = loop, told

    def record(self, data: Sequence[Datum]) -> None:
        """Measurements in the account and region of the caller; returns at once."""
        if data and self._loop is not None:
            self._loop.call_soon_threadsafe(self._keep, (get_account_id(), get_region()), data)

    def _keep(self, scope: Scope, data: Sequence[Datum]) -> None:
        with request_scope(*scope):
            for datum in data:
                keep(datum)
        self._told(scope, ((datum.namespace, datum.name) for datum in data))


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
