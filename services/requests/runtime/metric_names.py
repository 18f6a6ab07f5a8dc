"""The names of the service's metrics: what the functions emit and what alarms look at.

They carry the dimensions `service` ("requests") and `environment`. Only names stand here, so that
the constructs can read them without loading the functions' libraries.
"""

from __future__ import annotations

from enum import StrEnum

# The value of the dimension `service`.
SERVICE = "requests"


class Metric(StrEnum):
    """Counts, except SWEEP_OLDEST_AGE. The API also counts its answers as `Answered<status>`."""

    ACCEPTED = "Accepted"
    """Requests that were accepted for the first time."""

    REPLAYED = "Replayed"
    """Answers that repeated an earlier one, by the same idempotency key."""

    START_DEFERRED = "StartDeferred"
    """Accepted requests whose workflow could not be started at once; the sweeper will."""

    SWEEP_BACKLOG = "SweepBacklog"
    """Rows that a sweep found waiting for longer than they should; every sweep emits it, also 0."""

    SWEEP_OLDEST_AGE = "SweepOldestAge"
    """Seconds since the oldest of those rows was accepted; 0 without any."""

    SWEEP_STARTED = "SweepStarted"
    """Executions that a sweep started."""

    SWEEP_GAVE_UP = "SweepGaveUp"
    """Rows that a sweep marked as failed, because their payload never arrived."""

    SWEEP_SETTLED = "SweepSettled"
    """Rows that a sweep marked as failed, because their execution had ended without a result."""

    SWEEP_TROUBLED = "SweepTroubled"
    """Rows that a sweep could not deal with, because a store did not answer."""

    SWEEP_UNREAD = "SweepUnread"
    """Parts of the index of pending rows that a sweep could not read in its time, of sixteen."""
