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
    """A request's row in the table. Attribute names are the table's.

    timestamp: acceptance, ISO 8601 in UTC. body_sha256: hex digest of the body as sent.
    accepted_by: id of the HTTP call that wrote the row, by which a writer knows its own row again.
    updated_at, failure_error, failure_cause: written by the workflow or the sweeper.

    pending and pending_since are the keys of the sparse index "pending" and exist only until the
    request has ended. pending: a shard, "0" to "7". pending_since: "<status> <ISO 8601 in UTC>",
    when the row came to that status or was last looked at by the sweeper. closed_at: from then on
    no call stores this request's payload any more (see `sweeper`).
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
    pending: str | None = None
    pending_since: str | None = None
    closed_at: str | None = None


@dataclass(frozen=True)
class Ending:
    """How an execution ended that did not succeed: an error's name, and a text for people."""

    error: str
    cause: str


# The table's sparse index, on pending and pending_since.
PENDING_INDEX = "pending"
# Failure texts come from anywhere and are kept in a row of at most 400 KB.
CAUSE_LIMIT = 1000
# A lifecycle rule of the bucket expires what carries the first value. It is part of the upload; the
# workflow's first look at the payload, or the sweeper's, replaces it by the second.
ACCEPTANCE_TAG = "acceptance"
UNDECIDED_TAG, ACCEPTED_TAG = "undecided", "accepted"
# Of a row that the sweeper gave up on: the payload never arrived, nothing was processed.
PAYLOAD_MISSING = "PayloadMissing"
# Of a row whose work was done: all that failed is writing so. Sending it again would do it twice.
COMPLETION_NOT_RECORDED = "CompletionNotRecorded"


@dataclass(frozen=True)
class Acceptance:
    """The answer to a submission. replayed: an earlier call had been answered the same."""

    row: Row
    replayed: bool
