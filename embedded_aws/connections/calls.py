"""Calls of the connections service, which boto3 cannot make: it does not know our operations.

The git hook uses this too, so nothing of the emulator may be imported here.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SERVICES = {
    "codestar-connections": "com.amazonaws.codestar.connections.CodeStar_connections_20191201",
    "codeconnections": "com.amazonaws.codeconnections.CodeConnections_20231201",
}
"""The service's old and new name (as in ARNs and permissions) and their target prefixes."""

TIMEOUT_SECONDS = 60
OK = 200


class RefusedError(Exception):
    """The service answered with an error; the text is its message."""


def target(service: str) -> str:
    """The prefix of the service's X-Amz-Target."""
    return SERVICES[service]


def call(
    service: str,
    operation: str,
    body: Mapping[str, Any],
    *,
    credentials: Mapping[str, str],
    endpoint: str,
    ca: str,
    region: str,
) -> dict[str, Any]:
    """Calls an operation, signed with credentials in the shape that STS returns.

    Raises `RefusedError`, or `OSError` when nobody answers.
    """
    content = json.dumps(body).encode()
    headers = _signed(
        service, f"{target(service)}.{operation}", content, credentials, endpoint, region=region
    )
    connection = http.client.HTTPSConnection(
        urlsplit(endpoint).netloc,
        timeout=TIMEOUT_SECONDS,
        context=ssl.create_default_context(cafile=ca),
    )
    try:
        connection.request("POST", "/", body=content, headers=headers)
        answer = connection.getresponse()
        received = answer.read()
    finally:
        connection.close()
    if answer.status != OK:
        raise RefusedError(_message(received))
    parsed: dict[str, Any] = json.loads(received or b"{}")
    return parsed


def _signed(
    service: str,
    operation: str,
    content: bytes,
    credentials: Mapping[str, str],
    endpoint: str,
    *,
    region: str,
) -> dict[str, str]:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": operation}
    request = AWSRequest("POST", f"{endpoint}/", data=content, headers=headers)
    keys = Credentials(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken")
    )
    SigV4Auth(keys, service, region).add_auth(request)
    return dict(request.headers.items())


def _message(body: bytes) -> str:
    try:
        parsed = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    return str(parsed.get("message") or parsed.get("Message") or parsed)
