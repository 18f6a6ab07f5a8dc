"""The names of the service's metrics: what the functions emit and what alarms look at.

They carry the dimensions `service` ("files") and `environment`. Only names stand here, so that the
constructs can read them without loading the functions' libraries.
"""

from __future__ import annotations

from enum import StrEnum

# The value of the dimension `service`.
SERVICE = "files"


class Metric(StrEnum):
    """Counts. The API also counts its answers as `Answered<status>`.

    The processors' have a dimension `kind` besides: "image" or "table".
    """

    ANNOUNCED = "Announced"
    """Files that were announced for the first time."""

    REPLAYED = "Replayed"
    """Answers that repeated an earlier one, by the same idempotency key."""

    PROCESSED = "Processed"
    """Versions of files that were processed, each counted once."""

    REJECTED = "Rejected"
    """Versions that ended as rejected, because the file is at fault."""

    FAILED = "Failed"
    """Versions that were marked as failed by their last attempt; their events are in the queue."""

    ATTEMPT_FAILED = "AttemptFailed"
    """Attempts that ended with an error of ours, the last ones included."""

    REPEATED = "Repeated"
    """Events that changed nothing: their version had an outcome, or somebody else was at it."""
