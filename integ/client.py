"""Calls one service's API and remembers each call: who signed it, what came back, how long it took.

A call is made once. A retry that helps hides a fault that callers will meet, so there are none, not
even for connection errors: when the pipeline comes here, the deployment says it has finished.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from integ.credentials import Signer
from integ.redaction import Redactor

CONNECT_SECONDS = 5.0
# At most twenty calls a second, one after the other: far below the API's throttle.
SECONDS_BETWEEN_CALLS = 0.05
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

    @property
    def json(self) -> Mapping[str, object]:
        """The body's JSON object; empty when it is not one."""
        try:
            value = json.loads(self.text)
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
    """One check's connection to the API; `answers` grows with every call."""

    def __init__(self, url: str, *, call_seconds: float, redact: Redactor) -> None:
        """url: ends in a slash. call_seconds: how long one call may stay silent."""
        self._url = url
        self._call_seconds = call_seconds
        self._redact = redact
        self._session = requests.Session()
        self.answers: list[Answer] = []

    def close(self) -> None:
        self._session.close()

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
        time.sleep(SECONDS_BETWEEN_CALLS)
        started = time.monotonic()
        status, content_type, request_id = None, "", ""
        try:
            response = self._session.request(
                method,
                self._url + path,
                headers=headers or {},
                data=body,
                auth=signer.sign,
                timeout=(CONNECT_SECONDS, self._call_seconds),
                allow_redirects=False,
            )
            status, text = response.status_code, response.text
            content_type = response.headers.get("Content-Type", "")
            request_id = response.headers.get("x-amzn-RequestId", "")
        except requests.RequestException as error:
            text = _reason(error)
        answer = Answer(
            method=method,
            path=f"/{path}",
            signer=signer.name,
            status=status,
            milliseconds=(time.monotonic() - started) * 1000,
            content_type=content_type,
            text=self._redact(text),
            request_id=self._redact(request_id),
        )
        self.answers.append(answer)
        return answer


def _reason(error: requests.RequestException) -> str:
    """urllib3 wraps the cause in "Max retries exceeded", which is untrue of a single attempt."""
    wrapped = error.args[0] if error.args else error
    return f"{type(error).__name__}: {getattr(wrapped, 'reason', wrapped)}"
