"""A signed call of an AWS JSON operation, for those that no SDK knows.

The git hook calls with it from outside the server, so nothing of the emulator may be imported here.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIMEOUT_SECONDS = 60


class RefusedError(Exception):
    """The service answered with an error: `code` is its name, `message` its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Place:
    """Where the embedded AWS answers, and the authority to trust there (PEM)."""

    endpoint: str
    ca: Path
    region: str

    def call(
        self,
        service: str,
        target: str,
        body: Mapping[str, Any],
        credentials: Mapping[str, str],
    ) -> dict[str, Any]:
        """The answer of the operation that X-Amz-Target `target` names.

        `service` is the credential scope; `credentials` have the shape that STS returns. Raises
        `RefusedError`, or `OSError` when nobody answers.
        """
        content = json.dumps(body).encode()
        headers = self._signed(service, target, content, credentials)
        connection = http.client.HTTPSConnection(
            urlsplit(self.endpoint).netloc,
            timeout=TIMEOUT_SECONDS,
            context=ssl.create_default_context(cafile=self.ca),
        )
        try:
            connection.request("POST", "/", body=content, headers=headers)
            answer = connection.getresponse()
            received = answer.read()
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK:
            raise _refused(received)
        parsed: dict[str, Any] = json.loads(received or b"{}")
        return parsed

    def _signed(
        self, service: str, target: str, content: bytes, credentials: Mapping[str, str]
    ) -> dict[str, str]:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
        request = AWSRequest("POST", f"{self.endpoint}/", data=content, headers=headers)
        keys = Credentials(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials.get("SessionToken"),
        )
        SigV4Auth(keys, service, self.region).add_auth(request)
        return dict(request.headers.items())


def _refused(body: bytes) -> RefusedError:
    try:
        parsed = json.loads(body)
    except ValueError:
        return RefusedError("UnknownError", body.decode(errors="replace"))
    code = str(parsed.get("__type", "UnknownError")).rpartition("#")[2]
    return RefusedError(code, str(parsed.get("message") or parsed.get("Message") or parsed))
