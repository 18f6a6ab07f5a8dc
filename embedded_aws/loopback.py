"""How our own services reach the server that they run in: by its application, not by its socket.

Requests are signed like anybody's, and the application asks signatures and permissions of all of
them. Left out is what two ends of one process have no use for: connections, TLS, and an artifact of
a hundred megabytes in small pieces, a dozen times in a delivery.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError

from embedded_aws.installation import HOST

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""ASGI, https://asgi.readthedocs.io/en/latest/specs/www.html"""

TIMEOUT_SECONDS = 300.0

_logger = logging.getLogger("embedded_aws")
_FAILED = {"status": HTTPStatus.INTERNAL_SERVER_ERROR, "headers": []}
"""What servers answer for an application that does not."""


class Loopback:
    """Sends requests of botocore clients to an application that runs on an event loop."""

    def __init__(self, application: Application, loop: asyncio.AbstractEventLoop) -> None:
        self._application = application
        self._loop = loop

    def attach(self, client: Any) -> None:
        """From now on no request of the client goes another way.

        What handles botocore's event before-send may answer (botocore.endpoint.Endpoint).
        """
        client.meta.events.register("before-send", self._send)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """On a worker thread. Raises `ReadTimeoutError`, as a connection would."""
        asking = _ask(self._application, request)
        # In a context of its own, as on a connection: the caller's is that of another request.
        asked = Context().run(asyncio.run_coroutine_threadsafe, asking, self._loop)
        try:
            return asked.result(TIMEOUT_SECONDS)
        except TimeoutError as error:
            asked.cancel()
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error


class _Body(io.BytesIO):
    """An answer's body as botocore reads one of urllib3."""

    def stream(self) -> Iterator[bytes]:
        yield self.getvalue()


async def _ask(application: Application, request: AWSPreparedRequest) -> AWSResponse:
    sent = iter([{"type": "http.request", "body": _content(request.body)}])
    events: list[dict[str, Any]] = []

    async def receive() -> Any:
        # One more is asked for by who waits for the caller to hang up, which this one does not.
        return next(sent, None) or await asyncio.Future()

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    try:
        await application(_scope(request), receive, send)
    except Exception:
        _logger.exception("%s %s failed", request.method, request.url)
        events = []
    start, *rest = events or [_FAILED]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    body = _Body(b"".join(event.get("body", b"") for event in rest))
    return AWSResponse(request.url, start["status"], headers, body)


def _scope(request: AWSPreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url)
    # The host is signed, but a connection would have named it.
    headers = {"host": url.netloc} | {
        name.lower(): value for name, value in request.headers.items()
    }
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": url.scheme,
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.path.encode("ascii"),
        "query_string": url.query.encode("ascii"),
        "headers": [(name.encode("latin-1"), _bytes(value)) for name, value in headers.items()],
        "client": (HOST, 0),
    }


def _content(body: Any) -> bytes:
    """Of a request: botocore has bytes, text, files or nothing."""
    return _bytes(body.read() if hasattr(body, "read") else body or b"")


def _bytes(value: str | bytes | bytearray) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
