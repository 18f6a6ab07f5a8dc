"""Sends a form as a browser does: what the API hands out, and what others make of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPSConnection
from ssl import create_default_context
from urllib.parse import urlsplit

from embedded_aws.server import Server
from tests.support.aws import Answer


def post(server: Server, url: str, fields: Mapping[str, str], content: bytes) -> Answer:
    """The answer to a multipart form: the fields, then the file ("POST Object", Amazon S3 API
    Reference). Nothing signs it but what is in the fields."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    body = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return send(server, "POST", url, body, headers)


def get(server: Server, url: str) -> Answer:
    """The answer to a link, by whoever has it."""
    return send(server, "GET", url)


def send(
    server: Server,
    method: str,
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer to any call, with the host that the URL names."""
    at = urlsplit(url)
    context = create_default_context(cafile=str(server.ca_bundle))
    with closing(HTTPSConnection(at.netloc, context=context, timeout=30)) as connection:
        connection.request(method, f"{at.path or '/'}?{at.query}", body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())
