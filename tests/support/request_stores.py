"""The request service's outside: its real stores on the fake cloud, and calls that fail on demand.

Here nothing takes time; what happens between concurrent calls is tests/properties' matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.backlog import DynamoBacklog
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.models import ACCEPTANCE_TAG, ACCEPTED_TAG, Ending, Row, Status
from services.requests.runtime.stores import (
    DynamoRequestTable,
    S3Payloads,
    StepFunctionsStarter,
    from_item,
    to_item,
)
from tests.support.cloud.account import MACHINE_ARN
from tests.support.cloud.dynamodb import Table
from tests.support.cloud.faults import MODELLED, refusal
from tests.support.cloud.refusals import RefusedError
from tests.support.cloud.s3 import Bucket
from tests.support.cloud.stepfunctions import StateMachine
from tests.support.request_service import INDEXES

MACHINE = MACHINE_ARN.replace(":stateMachine:", ":execution:")


class _Client:
    """A service of the fake cloud, called as botocore's client calls it."""

    exceptions = SimpleNamespace(**MODELLED)

    def __init__(self, service: object) -> None:
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            try:
                return getattr(self._service, operation)(**arguments)
            except RefusedError as refused:
                raise refusal(refused.code, refused.status, operation, refused.fields) from None

        return call


@dataclass(eq=False)
class _Rows(MutableMapping[str, Row]):
    """A table's items as rows, to be looked at and to be changed behind the service's back."""

    table: Table

    def __getitem__(self, request_id: str) -> Row:
        return from_item(self.table.items[request_id])

    def __setitem__(self, request_id: str, row: Row) -> None:
        assert row.request_id == request_id
        self.table.put_item(TableName=self.table.name, Item=to_item(row))

    def __delitem__(self, request_id: str) -> None:
        raise NotImplementedError("No row is ever deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.items)

    def __len__(self) -> int:
        return len(self.table.items)


@dataclass
class RequestStores:
    """The ports of acceptance and sweeper, and what was done through them.

    fail_before and fail_after name calls ("put", "insert", "find", "start", "adopt", ...) that
    answer with UnavailableError, the latter after having had their effect: the reply was lost.
    endings: of executions that ended badly, by request.
    """

    started: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    endings: dict[str, Ending] = field(default_factory=dict)
    fail_before: set[str] = field(default_factory=set)
    fail_after: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._bucket = Bucket("bucket")
        table = Table("table", "request_id", lambda: 0.0, INDEXES, index_lag=0.0)
        machine = StateMachine(
            MACHINE_ARN, lambda: 0.0, begin=lambda execution: self.started.append(execution.name)
        )
        self.rows = _Rows(table)
        self._payloads = S3Payloads(_Client(self._bucket), "bucket")
        self._table = DynamoRequestTable(_Client(table), "table")
        self._backlog = DynamoBacklog(_Client(table), "table")
        self._workflow = StepFunctionsStarter(_Client(machine), MACHINE_ARN)

    def acceptance(self) -> AcceptanceService:
        return AcceptanceService(self, self, self, on_deferred_start=self._note_deferred)

    @property
    def payloads(self) -> Mapping[str, bytes]:
        return {key: stored.body for key, stored in self._bucket.objects.items()}

    def lose_payload(self, key: str) -> None:
        """Takes a payload away, which the service never does."""
        del self._bucket.objects[key]

    @property
    def adopted(self) -> set[str]:
        """The keys of payloads that never expire."""
        accepted = {ACCEPTANCE_TAG: ACCEPTED_TAG}
        return {key for key, stored in self._bucket.objects.items() if stored.tags == accepted}

    def put(self, key: str, body: bytes) -> None:
        with self._call("put"):
            self._payloads.put(key, body)

    def adopt(self, key: str) -> bool:
        with self._call("adopt"):
            return self._payloads.adopt(key)

    def insert(self, row: Row) -> Row | None:
        with self._call("insert"):
            return self._table.insert(row)

    def find(self, request_id: str) -> Row | None:
        with self._call("find"):
            return self._table.find(request_id)

    def execution_arn(self, request_id: str) -> str:
        return self._workflow.execution_arn(request_id)

    def start(self, row: Row) -> None:
        with self._call("start"):
            self._workflow.start(row)

    def ending(self, row: Row) -> Ending | None:
        with self._call("ending"):
            return self.endings.get(row.request_id)

    def pending(self, shard: str, status: Status, until: datetime, limit: int) -> list[Row]:
        with self._call("pending"):
            return self._backlog.pending(shard, status, until, limit)

    def postpone(self, row: Row, since: datetime) -> None:
        with self._call("postpone"):
            self._backlog.postpone(row, since)

    def close(self, row: Row, at: datetime) -> None:
        with self._call("close"):
            self._backlog.close(row, at)

    def fail(self, row: Row, ending: Ending, at: datetime) -> bool:
        with self._call("fail"):
            return self._backlog.fail(row, ending, at)

    def claim(self, request_id: str, at: datetime) -> None:
        """What the workflow does first."""
        since = f"{Status.PROCESSING} {at.isoformat(timespec='milliseconds')}"
        row = self.rows[request_id]
        self.rows[request_id] = replace(row, status=Status.PROCESSING, pending_since=since)

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
