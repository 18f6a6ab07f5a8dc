"""What acceptance needs from the outside. Tests put in-memory stores in these places.

Every method may raise `UnavailableError`, and then may or may not have had its effect.
"""

from __future__ import annotations

from typing import Protocol

from services.requests.runtime.models import Row


class PayloadStore(Protocol):
    def put(self, key: str, body: bytes) -> None:
        """Store `body` under `key`, durably. Storing the same again changes nothing."""


class Ledger(Protocol):
    def insert(self, row: Row) -> Row | None:
        """Write `row` unless its request has one; that one is returned then, else None."""

    def find(self, request_id: str) -> Row | None:
        """The row as of now: a read after a write sees it."""


class WorkflowStarter(Protocol):
    def execution_arn(self, request_id: str) -> str:
        """The ARN that the execution of this request has or will have."""

    def start(self, row: Row) -> None:
        """Start the request's execution, unless it was started before."""
