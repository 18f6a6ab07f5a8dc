"""The request service's outside, in memory: stores that fail on demand, before or after acting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.models import Ending, Row, Status

MACHINE = "arn:aws:states:us-west-2:222222222222:execution:machine"


@dataclass
class World:
    """The three stores behind acceptance and sweeper, and what was done to them.

    fail_before and fail_after name calls ("put", "insert", "find", "start", "adopt", ...) that
    answer with UnavailableError, the latter after having had their effect: the reply was lost.
    endings: of executions that ended badly, by request.
    """

    payloads: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    adopted: set[str] = field(default_factory=set)
    endings: dict[str, Ending] = field(default_factory=dict)
    fail_before: set[str] = field(default_factory=set)
    fail_after: set[str] = field(default_factory=set)

    def acceptance(self) -> AcceptanceService:
        return AcceptanceService(self, self, self, on_deferred_start=self._note_deferred)

    def put(self, key: str, body: bytes) -> None:
        with self._call("put"):
            self.payloads.setdefault(key, body)

    def adopt(self, key: str) -> bool:
        with self._call("adopt"):
            if key in self.payloads:
                self.adopted.add(key)
        return key in self.payloads

    def insert(self, row: Row) -> Row | None:
        with self._call("insert"):
            existing = self.rows.get(row.request_id)
            self.rows.setdefault(row.request_id, row)
        return existing

    def find(self, request_id: str) -> Row | None:
        with self._call("find"):
            return self.rows.get(request_id)

    def execution_arn(self, request_id: str) -> str:
        return f"{MACHINE}:{request_id}"

    def start(self, row: Row) -> None:
        with self._call("start"):
            if row.request_id not in self.started:
                self.started.append(row.request_id)

    def ending(self, row: Row) -> Ending | None:
        with self._call("ending"):
            return self.endings.get(row.request_id)

    def pending(self, shard: str, status: Status, until: datetime, limit: int) -> list[Row]:
        with self._call("pending"):
            last = f"{status} {until.isoformat(timespec='milliseconds')}"
            rows = [
                row
                for row in self.rows.values()
                if row.pending == shard and f"{status} " <= (row.pending_since or "") <= last
            ]
        return sorted(rows, key=lambda row: row.pending_since or "")[:limit]

    def postpone(self, row: Row, since: datetime) -> None:
        with self._call("postpone"):
            if self.rows[row.request_id].status is row.status:
                self._set(row, pending_since=_since(row, since))

    def close(self, row: Row, at: datetime) -> None:
        with self._call("close"):
            stored = self.rows[row.request_id]
            if stored.status is row.status and stored.closed_at is None:
                self._set(row, closed_at=at.isoformat(), pending_since=_since(row, at))

    def fail(self, row: Row, ending: Ending, at: datetime) -> bool:
        with self._call("fail"):
            stored = self.rows[row.request_id]
            if (stored.status, stored.closed_at) != (row.status, row.closed_at):
                return False
            self._set(
                row,
                status=Status.FAILED,
                updated_at=at.isoformat(),
                failure_error=ending.error,
                failure_cause=ending.cause,
                pending=None,
                pending_since=None,
            )
        return True

    def claim(self, request_id: str, at: datetime) -> None:
        """What the workflow does first."""
        row = replace(self.rows[request_id], status=Status.PROCESSING)
        self.rows[request_id] = replace(row, pending_since=_since(row, at))

    def _set(self, row: Row, **changes: Any) -> None:
        self.rows[row.request_id] = replace(self.rows[row.request_id], **changes)

    def _note_deferred(self, row: Row, _cause: UnavailableError) -> None:
        self.deferred.append(row.request_id)

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.journal.append(name)
        if name in self.fail_before:
            raise UnavailableError
        yield
        if name in self.fail_after:
            raise UnavailableError


def _since(row: Row, moment: datetime) -> str:
    return f"{row.status} {moment.isoformat(timespec='milliseconds')}"


def post(body: str | None, *, caller: str | None = "AROAONE:session", **headers: str) -> Any:
    """The proxy event of a signed POST; underscores in header names stand for hyphens."""
    headers = {"Content_Type": "application/json"} | headers
    return event("POST", "/", caller=caller, body=body) | {
        "multiValueHeaders": {name.replace("_", "-"): [value] for name, value in headers.items()}
    }


def get(request_id: str) -> Any:
    """The proxy event of a signed GET of one request."""
    return event("GET", "/requests/{request_id}", path={"request_id": request_id})


_calls = iter(range(1, 1_000_000))


def event(
    method: str,
    resource: str,
    *,
    caller: str | None = "AROAONE:session",
    body: str | None = None,
    path: dict[str, str] | None = None,
) -> Any:
    """A proxy event (REST API, payload format 1.0) with what the service reads of it."""
    return {
        "httpMethod": method,
        "resource": resource,
        "multiValueHeaders": None,
        "pathParameters": path,
        "requestContext": {"requestId": f"call-{next(_calls)}", "identity": {"caller": caller}},
        "body": body,
        "isBase64Encoded": False,
    }


def document(response: Any) -> Any:
    """The JSON document that a response carries."""
    return json.loads(response["body"])
