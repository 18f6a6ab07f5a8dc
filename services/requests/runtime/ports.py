"""What the service needs from the outside. Tests put in-memory stores in these places.

Every method may raise `UnavailableError`, and then may or may not have had its effect.

Acceptance (`logic.AcceptanceService`) uses PayloadStore, RequestTable and WorkflowStarter; the
sweeper (`sweeper.Sweeper`) uses Payloads, Backlog and Workflow. One store may be all of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from services.requests.runtime.models import Ending, Row, Status


class PayloadStore(Protocol):
    def put(self, key: str, body: bytes) -> None:
        """Store `body` under `key`, durably, unless something is stored there.

        What is stored is tagged as undecided, and expires unless `Payloads.adopt` is called on it.
        """


class Payloads(Protocol):
    def adopt(self, key: str) -> bool:
        """Tag `key` as accepted, so that it never expires. False: nothing is stored there now."""


class RequestTable(Protocol):
    def insert(self, row: Row) -> Row | None:
        """Write `row` unless its request has one; that one is returned then, else None."""

    def find(self, request_id: str) -> Row | None:
        """The row as of now: a read after a write sees it."""


class Backlog(Protocol):
    """The rows whose `pending` is set, read through an index that may lag behind the rows."""

    def pending(self, shard: str, status: Status, until: datetime, limit: int) -> list[Row]:
        """Rows of one shard with `pending_since` up to "<status> <until>", the oldest first.

        Rows of this status only, at most `limit`.
        """

    def postpone(self, row: Row, since: datetime) -> None:
        """Set `pending_since` to "<row's status> <since>" unless the status changed meanwhile."""

    def close(self, row: Row, at: datetime) -> None:
        """Set `closed_at`, and postpone as above, if `row` is still accepted and not closed."""

    def fail(self, row: Row, ending: Ending, at: datetime) -> bool:
        """End `row`: status failed, `updated_at` and the failure set, `pending*` removed.

        Only if it still has the status it was read with, and the same `closed_at`; else False.
        """


class WorkflowStarter(Protocol):
    def execution_arn(self, request_id: str) -> str:
        """The ARN that the execution of this request has or will have."""

    def start(self, row: Row) -> None:
        """Start the request's execution, unless it was started before."""


class Workflow(Protocol):
    def start(self, row: Row) -> None:
        """As WorkflowStarter's."""

    def ending(self, row: Row) -> Ending | None:
        """How the request's execution ended, if it did so without success; else None."""
