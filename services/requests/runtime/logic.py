"""Accepting requests, each exactly once.

The row is the acceptance: once row and payload are written, the answer is a success, whatever
happens to the start of the workflow. Without an idempotency key both are written at once. With a
key the row comes first, because it decides which body the key stands for; the payload follows
before anything else, and a repeated call finishes what an earlier one left undone. What no call
finishes, the sweeper does.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from services.common.runtime.idempotency import KeyReusedError
from services.common.runtime.problems import NotFoundError, UnavailableError
from services.requests.runtime.models import PAYLOAD_MISSING, Acceptance, Row, Status, Submission
from services.requests.runtime.ports import PayloadStore, RequestTable, WorkflowStarter
from services.requests.runtime.problems import RequestGivenUpError

PAYLOAD_KEY = "requests/{request_id}.json"
# Of the index of pending rows. A partition takes 1000 writes a second ("Best practices for
# designing partition keys", DynamoDB), a request makes four there, the API lets 1000 a second in.
SHARDS = 8

Action = Callable[[], object]
# One worker is enough: a Lambda function answers one call at a time.
_helper_thread = ThreadPoolExecutor(max_workers=1)


def in_parallel(one: Action, other: Action, *, on: Executor = _helper_thread) -> None:
    """Both, at once. Ends only when both have ended: nothing runs on after the answer."""
    running = on.submit(one)
    try:
        other()
    finally:
        running.exception()
    running.result()


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AcceptanceService:
    """Takes requests in and tells what became of them.

    on_deferred_start: told the row whose execution could not be started now, and why.
    both: runs two actions and raises what one of them raised, once both have ended.
    """

    payloads: PayloadStore
    rows: RequestTable
    workflow: WorkflowStarter
    on_deferred_start: Callable[[Row, UnavailableError], None]
    now: Callable[[], datetime] = _utc_now
    new_id: Callable[[], uuid.UUID] = uuid.uuid4
    both: Callable[[Action, Action], None] = in_parallel

    def accept(self, submission: Submission) -> Acceptance:
        """Raises KeyReusedError when the key stands for another body.

        Raises UnavailableError when a store failed before the request was safe; with the same key
        the same request may be sent again. Raises RequestGivenUpError when that comes too late.
        """
        row = self._draft(submission)
        if submission.idempotency_key is None:
            self.both(
                lambda: self.rows.insert(row),
                lambda: self.payloads.put(row.s3_key, submission.body),
            )
            self._start(row)
            return Acceptance(row, replayed=False)
        return self._accept_once(row, submission.body)

    def find(self, request_id: str) -> Row:
        """Raises NotFoundError."""
        row = self.rows.find(request_id) if _is_request_id(request_id) else None
        if row is None:
            raise NotFoundError("No request has this id")
        return row

    def _accept_once(self, draft: Row, body: bytes) -> Acceptance:
        row = self.rows.insert(draft) or draft
        if row.body_sha256 != draft.body_sha256:
            raise KeyReusedError("Use a new key for a new request")
        _refuse_given_up(row)
        # The stored row may be our own: a reply was lost and the client library asked again.
        replayed = row.accepted_by != draft.accepted_by
        if row.status is Status.ACCEPTED:
            self.payloads.put(row.s3_key, body)
            self._start(row)
        return Acceptance(row, replayed)

    def _draft(self, submission: Submission) -> Row:
        request_id = str(self._request_id(submission))
        timestamp = self.now().isoformat(timespec="milliseconds")
        return Row(
            request_id=request_id,
            timestamp=timestamp,
            s3_key=PAYLOAD_KEY.format(request_id=request_id),
            status=Status.ACCEPTED,
            step_function_execution_arn=self.workflow.execution_arn(request_id),
            body_sha256=hashlib.sha256(submission.body).hexdigest(),
            accepted_by=submission.call_id,
            pending=str(int(request_id[0], 16) % SHARDS),
            pending_since=f"{Status.ACCEPTED} {timestamp}",
        )

    def _request_id(self, submission: Submission) -> uuid.UUID:
        if submission.idempotency_key is None:
            return self.new_id()
        # The id follows from caller and key, so one conditional write settles who was first.
        # Neither has a space ("FederatedUser", AWS STS API Reference), so no two pairs make the
        # same text. 5 marks it as name-based.
        name = f"{submission.principal} {submission.idempotency_key}"
        return uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=5)

    def _start(self, row: Row) -> None:
        try:
            self.workflow.start(row)
        except UnavailableError as cause:
            self.on_deferred_start(row, cause)


def _refuse_given_up(row: Row) -> None:
    """A payload stored now might come after the sweeper's last look (see `sweeper`)."""
    if row.status is Status.FAILED and row.failure_error == PAYLOAD_MISSING:
        raise RequestGivenUpError("Nothing was processed; use a new key")
    if row.status is Status.ACCEPTED and row.closed_at is not None:
        # Undecided for another minute: an earlier call's payload may still be found.
        raise UnavailableError


def _is_request_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
