"""A requests API on this machine, which behaves well or badly as asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from tests.support.fake_service import ACCOUNT, Call, FakeService, Json, Reply

EXECUTIONS = f"arn:aws:states:us-west-2:{ACCOUNT}:execution:tap-dev-statemachine"


@dataclass
class FakeApi(FakeService):
    """Set a fault before the suite runs; look at `calls` after."""

    final_state: str = "completed"
    looks_until_final: int = 2
    forgets_keys: bool = False
    takes_any_body_for_a_key: bool = False
    takes_bad_bodies: bool = False
    finds_unknown_requests: bool = False
    submit_fails_with: Callable[[dict[str, str]], Reply] | None = None
    s3_key: str = "requests/{}.json"
    execution_account: str = ACCOUNT
    rows: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)

    def answer(self, call: Call) -> Reply:
        refusal = self.refusal(call)
        if refusal:
            return refusal
        if call.method == "POST":
            return self.submit(call.headers, call.body)
        return self.fetch(call.path.rpartition("/")[2])

    def submit(self, headers: dict[str, str], body: bytes) -> Reply:
        if self.submit_fails_with:
            return self.submit_fails_with(headers)
        if not self.takes_bad_bodies and not _is_object(body):
            return self.problem(400, "The body is not a JSON object")
        key, digest = headers.get("idempotency-key"), hashlib.sha256(body).hexdigest()
        request_id = str(uuid4())
        if key and not self.forgets_keys:
            first_digest, request_id = self.keys.setdefault(key, (digest, request_id))
            if first_digest != digest and not self.takes_any_body_for_a_key:
                return self.problem(409, "The key belongs to another body")
        row = self.rows.setdefault(request_id, self._new_row(request_id))
        arn = row["step_function_execution_arn"]
        answer = {"message": "accepted", "request_id": request_id, "execution_arn": arn}
        return 200, "application/json", answer

    def fetch(self, request_id: str) -> Reply:
        row = self.rows.get(request_id)
        if row is None and not self.finds_unknown_requests:
            return self.problem(404, "No such request")
        row = row or self._new_row(request_id)
        self.looks[request_id] = self.looks.get(request_id, 0) + 1
        if self.looks[request_id] >= self.looks_until_final:
            row["status"] = self.final_state
        return 200, "application/json", row

    def _new_row(self, request_id: str) -> Json:
        executions = EXECUTIONS.replace(ACCOUNT, self.execution_account)
        return {
            "request_id": request_id,
            "timestamp": "2026-11-23T05:00:00Z",
            "s3_key": self.s3_key.format(request_id),
            "status": "accepted",
            "step_function_execution_arn": f"{executions}:{request_id}",
        }


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
