"""Calls one service's API and remembers each call: who signed it, what came back, how long it took.

So it does with the links that the API gives, which whoever has them may use as they are.

A call is made once. A retry that helps hides a fault that callers will meet, so there are none, not
even for connection errors: when the pipeline comes here, the deployment says it has finished.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from integ.credentials import BEARER, Signer
from integ.redaction import Redactor

CONNECT_SECONDS = 5.0
SHOWN_CHARACTERS = 800


@dataclass(frozen=True)
class Answer:
    """What one call brought. Texts are redacted; `status` is None when no answer came."""

    method: str
    path: str
    signer: str
    status: int | None
    milliseconds: float
    content_type: str
    text: str
    """The body, or why there is none."""
    request_id: str
    content: bytes = field(default=b"", repr=False)
    """The body as it came, for the check alone: links and forms in it hold signatures."""
    disposition: str = ""
    """What a browser is told to do with the body (Content-Disposition)."""

    @property
    def json(self) -> Mapping[str, object]:
        """The body's JSON object, as it came; empty when it is not one."""
        try:
            value = json.loads(self.content)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def described(self) -> str:
        """One paragraph for a failure message."""
        call = f"{self.method} {self.path} ({self.signer}, {self.milliseconds:.0f} ms)"
        if self.status is None:
            return f"no answer to {call}: {self.text}"
        kind = self.content_type or "no content type"
        body = self.text or "an empty body"
        if len(body) > SHOWN_CHARACTERS:
            body = f"{body[:SHOWN_CHARACTERS]}... ({len(body)} characters)"
        request_id = self.request_id or self.json.get("request_id") or "none given"
        return f"{self.status} to {call}, request id {request_id}, {kind}:\n{body}"


class ApiClient:
    """One check's calls to the API; `answers` grows with each."""

    def __init__(
        self, url: str, *, session: requests.Session, call_seconds: float, redact: Redactor
    ) -> None:
        """url: ends in a slash. call_seconds: how long one call may stay silent."""
        self._url = url
        self._session = session
        self._call_seconds = call_seconds
        self._redact = redact
        self.answers: list[Answer] = []

    def call(
        self,
        method: str,
        path: str,
        signer: Signer,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """path: below the API's address, without a slash at its beginning."""
        return self._send(method, self._url + path, f"/{path}", signer, headers=headers, data=body)

    def download(self, link: str) -> Answer:
        """What a presigned link leads to."""
        return self._send("GET", link, _without_query(link), BEARER)

    def upload(self, url: str, fields: Mapping[str, str], content: bytes) -> Answer:
        """Sends a presigned form: its fields, then the file ("POST Object", Amazon S3 API)."""
        file = {"file": ("file", content)}
        return self._send("POST", url, _without_query(url), BEARER, data=fields, files=file)

    def _send(self, method: str, url: str, shown: str, signer: Signer, **sent: Any) -> Answer:
        """shown: what messages call the address. sent: headers and body, as requests takes them."""
        started = time.monotonic()
        status: int | None = None
        headers: Mapping[str, str] = {}
        content = b""
        try:
            response = self._session.request(
                method,
                url,
                auth=signer.sign,
                timeout=(CONNECT_SECONDS, self._call_seconds),
                allow_redirects=False,
                **sent,
            )
            status, headers, content = response.status_code, response.headers, response.content
            text = _text(content, headers.get("Content-Type", ""))
        except requests.RequestException as error:
            text = _reason(error)
        answer = Answer(
            method=method,
            path=shown,
            signer=signer.name,
            status=status,
            milliseconds=(time.monotonic() - started) * 1000,
            content_type=headers.get("Content-Type", ""),
            text=self._redact(text),
            request_id=self._redact(headers.get("x-amzn-RequestId", "")),
            content=content,
            disposition=headers.get("Content-Disposition", ""),
        )
        self.answers.append(answer)
        return answer


def _text(content: bytes, content_type: str) -> str:
    """What people can read of a body; of another one, how long it is."""
    if re.match(r"text/|application/\S*(json|xml)|$", content_type):
        return content.decode(errors="replace")
    return f"({len(content)} bytes)"


def _without_query(url: str) -> str:
    """Where a link leads, without the signature that it carries."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _reason(error: requests.RequestException) -> str:
    """urllib3 wraps the cause in "Max retries exceeded", which is untrue of a single attempt."""
    wrapped = error.args[0] if error.args else error
    return f"{type(error).__name__}: {getattr(wrapped, 'reason', wrapped)}"
