"""The request service's outside, in memory: stores that fail on demand, before or after acting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.logic import RequestDesk
from services.requests.runtime.models import Row

MACHINE = "arn:aws:states:us-west-2:222222222222:execution:machine"


@dataclass
class World:
    """The three stores behind one desk, and what was done to them.

    fail_before and fail_after name calls ("put", "insert", "find", "start") that answer with
    UnavailableError, the latter after having had their effect: the reply was lost.
    """

    payloads: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    fail_before: set[str] = field(default_factory=set)
    fail_after: set[str] = field(default_factory=set)

    def desk(self) -> RequestDesk:
        return RequestDesk(self, self, self, on_deferred_start=self._note_deferred)

    def put(self, key: str, body: bytes) -> None:
        with self._call("put"):
            self.payloads[key] = body

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
