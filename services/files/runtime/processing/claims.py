"""Who may work on a version, and what becomes of its row: decisions only, nothing is written here.

A claim is a lease in the name of an event, by the event's own id: Lambda's retries, the dead-letter
queue and a redrive all hold the same event. So each of them takes up at once what a predecessor
left, while another event about the same version changes nothing: as long as the lease runs, the
event that holds it is answerable, be it by success, retry or dead letter. Should one event be
delivered twice at once, the one that claims last is answerable; both make the same results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from services.files.runtime.catalogue.models import (
    FINAL,
    Result,
    Standing,
    Status,
    VersionRow,
)
from services.files.runtime.processing.event import Upload
from services.files.runtime.rejection import RejectedError


class Standstill(Enum):
    """Why an event changes nothing. DONE: its version has its outcome. BUSY: it has a worker."""

    DONE = "done"
    BUSY = "busy"


@dataclass(frozen=True)
class Claimant:
    """event_id: in whose name. lease_until: when this invocation is over for certain."""

    event_id: str
    now: datetime
    lease_until: datetime


def claim(
    seen: VersionRow | None, upload: Upload, file_id: str, claimant: Claimant
) -> VersionRow | Standstill:
    """The row by which the claimant takes the version, given the row as it is now.

    A failed version may be taken by anybody: a redrive or a late duplicate mends it.
    """
    if seen is None:
        return _first(upload, file_id, claimant)
    if seen.standing.status in FINAL:
        return Standstill.DONE
    mine = seen.claimed_by == claimant.event_id
    lease = seen.standing.lease_until
    if not mine and lease is not None and claimant.now <= lease:
        return Standstill.BUSY
    return replace(
        seen,
        standing=_processing(claimant),
        revision=seen.revision + 1,
        claimed_by=claimant.event_id,
        attempt=seen.attempt + 1 if mine else 1,
    )


def processed(row: VersionRow, results: Sequence[Result], now: datetime) -> VersionRow:
    standing = Standing(status=Status.PROCESSED, updated_at=now)
    return _next(row, standing, tuple(results))


def rejected(row: VersionRow, error: RejectedError, now: datetime) -> VersionRow:
    return _next(
        row,
        Standing(status=Status.REJECTED, updated_at=now, reason=error.reason, detail=error.detail),
    )


def given_back(row: VersionRow, error: str, now: datetime, *, last: bool) -> VersionRow:
    """The row after an attempt that went wrong. error: a name, for `reason`.

    last: nobody will come back to it by himself, so it is failed. If that cannot be written, or
    nobody lives to write it, the lease says so in time (`Standing.overdue`).
    """
    if last:
        return _next(
            row,
            Standing(
                status=Status.FAILED,
                updated_at=now,
                reason=error,
                detail=f"Attempt {row.attempt} was the last one",
            ),
        )
    return _next(
        row,
        Standing(status=Status.PROCESSING, updated_at=now, reason=error, lease_until=now),
    )


def _first(upload: Upload, file_id: str, claimant: Claimant) -> VersionRow:
    return VersionRow(
        file_id=file_id,
        version_id=upload.version_id,
        sequencer=upload.sequencer,
        size=upload.size,
        standing=_processing(claimant),
        created_at=claimant.now,
        revision=1,
        claimed_by=claimant.event_id,
        attempt=1,
    )


def _processing(claimant: Claimant) -> Standing:
    return Standing(
        status=Status.PROCESSING, updated_at=claimant.now, lease_until=claimant.lease_until
    )


def _next(row: VersionRow, standing: Standing, results: tuple[Result, ...] = ()) -> VersionRow:
    return replace(row, standing=standing, results=results, revision=row.revision + 1)
