"""What the request service talks about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Of a request. The API writes the first, the workflow the others."""

    ACCEPTED = "accepted"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True)
class Submission:
    """A request as it was handed in, checked.

    body: the JSON object exactly as sent. principal: who sent it. call_id: id of the HTTP call.
    idempotency_key: the caller's name for this request, or None.
    """

    body: bytes
    principal: str
    call_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Row:
    """A request in the ledger. Attribute names are those of the table.

    timestamp: acceptance, ISO 8601 in UTC. body_sha256: hex digest of the body as sent.
    accepted_by: id of the HTTP call that wrote the row, by which a writer knows its own row again.
    updated_at, failure_error, failure_cause: written by the workflow.
    """

    request_id: str
    timestamp: str
    s3_key: str
    status: Status
    step_function_execution_arn: str
    body_sha256: str
    accepted_by: str
    updated_at: str | None = None
    failure_error: str | None = None
    failure_cause: str | None = None


@dataclass(frozen=True)
class Acceptance:
    """The answer to a submission. replayed: an earlier call had been answered the same."""

    row: Row
    replayed: bool
