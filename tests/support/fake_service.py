"""What fake APIs have in common: who may call them, problems, an STS, and a server on 127.0.0.1.

An API tells callers apart by the access key id in their signature, as AWS does first; it does not
verify the signature itself. That is left to the rehearsal, where real signatures are checked.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "222222222222"
SMOKE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/tap-dev-smoke"
BUILD_KEY, BUILD_SECRET = "ASIABUILDBUILDBUILDB", "build-secret-0123456789"
SMOKE_KEY, SMOKE_SECRET = "ASIASMOKESMOKESMOKES", "smoke-secret-0123456789"
SMOKE_TOKEN = "smoke-token-" + "abcdef0123456789" * 12
PROBLEM = "application/problem+json"

type Json = dict[str, object]
# Status, content type, body (text or bytes as they are, else JSON), and a Content-Disposition.
type Reply = tuple[int, str, object] | tuple[int, str, object, str]


@dataclass(frozen=True)
class Call:
    """headers: names in lower case. path: with its query, as it was asked for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class FakeService:
    """Set a fault before the suite runs; look at `calls` after."""

    url: str = ""
    open_to_all: bool = False
    open_to_any_signature: bool = False
    problem_type: str = PROBLEM
    problem_detail: str = ""
    seconds_to_answer: float = 0.0
    refuses_sessions: bool = False
    calls: list[str] = field(default_factory=list)
    sessions: int = 0

    def answer(self, call: Call) -> Reply:
        """The answer to a call that may be made, or to one that needs no signature."""
        raise NotImplementedError

    def refusal(self, call: Call) -> Reply | None:
        signature = call.headers.get("authorization", "")
        key = re.search(r"Credential=(\w+)/\d{8}/us-west-2/execute-api/", signature)
        welcome = self.open_to_all or (key and self.open_to_any_signature)
        if welcome or (key and key.group(1) == SMOKE_KEY):
            time.sleep(self.seconds_to_answer)
            return None
        return self.problem(403, "Not authorized" if key else "Missing Authentication Token")

    def problem(self, status: int, title: str) -> Reply:
        body = {"title": title, "status": status, "request_id": "req-0"}
        if self.problem_detail:
            body["detail"] = self.problem_detail
        return status, self.problem_type, body

    def assume_role(self) -> Reply:
        if self.refuses_sessions:
            return 403, "text/xml", _STS_REFUSAL
        self.sessions += 1
        return 200, "text/xml", _STS_SESSION


_STS_SESSION = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>{SMOKE_KEY}</AccessKeyId>
<SecretAccessKey>{SMOKE_SECRET}</SecretAccessKey><SessionToken>{SMOKE_TOKEN}</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>"""
_STS_REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>not yours to assume</Message></Error>
</ErrorResponse>"""


@contextmanager
def serving[Service: FakeService](api: Service) -> Iterator[Service]:
    """The API at `api.url` and STS at the same server's root, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name http.server calls
            self._reply(api.answer(self._call(b"")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/":
                self._reply(api.assume_role())
            else:
                self._reply(api.answer(self._call(body)))

        def _call(self, body: bytes) -> Call:
            api.calls.append(f"{self.command} {self.path}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            return Call(self.command, self.path, headers, body)

        def _reply(self, reply: Reply) -> None:
            status, kind, body, *disposition = reply
            if not isinstance(body, bytes):
                body = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", api.url)
            for value in disposition:
                self.send_header("Content-Disposition", value)
            self.send_header("x-amzn-RequestId", "11111111-aaaa-bbbb-cccc-222222222222")
            self.end_headers()
            self.wfile.write(body)

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
