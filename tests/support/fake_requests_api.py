"""A requests API and an STS on 127.0.0.1, which behave well or badly as asked.

The API tells callers apart by the access key id in their signature, as AWS does first; it does not
verify the signature itself. That is left to the rehearsal, where real signatures are checked.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

ACCOUNT = "222222222222"
SMOKE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/tap-dev-smoke"
BUILD_KEY, BUILD_SECRET = "ASIABUILDBUILDBUILDB", "build-secret-0123456789"
SMOKE_KEY, SMOKE_SECRET = "ASIASMOKESMOKESMOKES", "smoke-secret-0123456789"
SMOKE_TOKEN = "smoke-token-" + "abcdef0123456789" * 12
EXECUTIONS = f"arn:aws:states:us-west-2:{ACCOUNT}:execution:tap-dev-statemachine"
PROBLEM = "application/problem+json"

type Json = dict[str, object]
type Reply = tuple[int, str, object]


@dataclass
class FakeApi:
    """Set a fault before the suite runs; look at `calls` after."""

    url: str = ""
    final_state: str = "completed"
    looks_until_final: int = 2
    forgets_keys: bool = False
    takes_any_body_for_a_key: bool = False
    open_to_all: bool = False
    open_to_any_signature: bool = False
    takes_bad_bodies: bool = False
    finds_unknown_requests: bool = False
    problem_type: str = PROBLEM
    problem_detail: str = ""
    submit_fails_with: Callable[[dict[str, str]], Reply] | None = None
    seconds_to_answer: float = 0.0
    s3_key: str = "requests/{}.json"
    execution_account: str = ACCOUNT
    refuses_sessions: bool = False
    calls: list[str] = field(default_factory=list)
    sessions: int = 0
    rows: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)

    def submit(self, headers: dict[str, str], body: bytes) -> Reply:
        refusal = self._refusal(headers)
        if refusal:
            return refusal
        time.sleep(self.seconds_to_answer)
        if self.submit_fails_with:
            return self.submit_fails_with(headers)
        if not self.takes_bad_bodies and not _is_object(body):
            return self._problem(400, "The body is not a JSON object")
        key, digest = headers.get("idempotency-key"), hashlib.sha256(body).hexdigest()
        request_id = str(uuid4())
        if key and not self.forgets_keys:
            first_digest, request_id = self.keys.setdefault(key, (digest, request_id))
            if first_digest != digest and not self.takes_any_body_for_a_key:
                return self._problem(409, "The key belongs to another body")
        row = self.rows.setdefault(request_id, self._new_row(request_id))
        arn = row["step_function_execution_arn"]
        answer = {"message": "accepted", "request_id": request_id, "execution_arn": arn}
        return 200, "application/json", answer

    def fetch(self, headers: dict[str, str], request_id: str) -> Reply:
        refusal = self._refusal(headers)
        if refusal:
            return refusal
        row = self.rows.get(request_id)
        if row is None and not self.finds_unknown_requests:
            return self._problem(404, "No such request")
        row = row or self._new_row(request_id)
        self.looks[request_id] = self.looks.get(request_id, 0) + 1
        if self.looks[request_id] >= self.looks_until_final:
            row["status"] = self.final_state
        return 200, "application/json", row

    def assume_role(self) -> Reply:
        if self.refuses_sessions:
            return 403, "text/xml", _STS_REFUSAL
        self.sessions += 1
        return 200, "text/xml", _STS_SESSION

    def _new_row(self, request_id: str) -> Json:
        executions = EXECUTIONS.replace(ACCOUNT, self.execution_account)
        return {
            "request_id": request_id,
            "timestamp": "2026-11-23T05:00:00Z",
            "s3_key": self.s3_key.format(request_id),
            "status": "accepted",
            "step_function_execution_arn": f"{executions}:{request_id}",
        }

    def _refusal(self, headers: dict[str, str]) -> Reply | None:
        signature = headers.get("authorization", "")
        key = re.search(r"Credential=(\w+)/\d{8}/us-west-2/execute-api/", signature)
        welcome = self.open_to_all or (key and self.open_to_any_signature)
        if welcome or (key and key.group(1) == SMOKE_KEY):
            return None
        title = "Not authorized" if key else "Missing Authentication Token"
        return self._problem(403, title)

    def _problem(self, status: int, title: str) -> Reply:
        body = {"title": title, "status": status, "request_id": "req-0"}
        if self.problem_detail:
            body["detail"] = self.problem_detail
        return status, self.problem_type, body


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


_STS_SESSION = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>{SMOKE_KEY}</AccessKeyId>
<SecretAccessKey>{SMOKE_SECRET}</SecretAccessKey><SessionToken>{SMOKE_TOKEN}</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>"""
_STS_REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>not yours to assume</Message></Error>
</ErrorResponse>"""


@contextmanager
def serving(api: FakeApi) -> Iterator[FakeApi]:
    """The API at `api.url` and STS at the same server's root, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name http.server calls
            request_id = self.path.rpartition("/")[2]
            self._answer(api.fetch(self._headers(), request_id))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/":
                self._answer(api.assume_role())
            else:
                self._answer(api.submit(self._headers(), body))

        def _headers(self) -> dict[str, str]:
            api.calls.append(f"{self.command} {self.path}")
            return {name.lower(): value for name, value in self.headers.items()}

        def _answer(self, reply: Reply) -> None:
            status, kind, body = reply
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if 300 <= status < 400:
                self.send_header("Location", api.url)
            self.send_header("x-amzn-RequestId", "11111111-aaaa-bbbb-cccc-222222222222")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """The tests look at answers, not at a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}/v1/"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
