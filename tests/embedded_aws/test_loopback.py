"""Clients whose requests reach an application on an event loop, without a connection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from embedded_aws import clients, loopback
from embedded_aws.clients import Credentials
from embedded_aws.loopback import Loopback

NOBODY_LISTENS = "https://127.0.0.1:9"
CALLER = ContextVar("CALLER", default="nobody")


class Application:
    """Answers everything alike, in two pieces, and remembers what it was asked."""

    def __init__(self, status: int = 200, one: bytes = b"", two: bytes = b"") -> None:
        self.status, self.one, self.two = status, one, two
        self.scope: dict[str, Any] = {}
        self.body = b""
        self.caller = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.caller = scope, CALLER.get()
        self.body = (await receive())["body"]
        length = str(len(self.one + self.two)).encode()
        head = [(b"content-length", length), (b"etag", b'"1"')]
        await send({"type": "http.response.start", "status": self.status, "headers": head})
        await send({"type": "http.response.body", "body": self.one, "more_body": True})
        await send({"type": "http.response.body", "body": self.two})

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.scope["headers"])


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One that runs on a thread of its own, as the server's runs on the main one."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


def s3(application: loopback.Application, loop: asyncio.AbstractEventLoop) -> Any:
    keys = Credentials("AKIA", "secret")
    made = clients.client(
        "s3",
        NOBODY_LISTENS,
        Path("/none"),
        keys,
        region="us-west-2",
        request_checksum_calculation="when_required",  # else it sends the body in pieces
    )
    Loopback(application, loop).attach(made)
    return made


def test_a_request_arrives_as_it_was_signed(loop: asyncio.AbstractEventLoop) -> None:
    application = Application()

    s3(application, loop).put_object(Bucket="bucket", Key="a b/ü", Body=b"content")

    assert application.body == b"content"
    assert application.scope["method"] == "PUT"
    assert application.scope["path"] == "/bucket/a b/ü"
    assert application.scope["raw_path"] == b"/bucket/a%20b/%C3%BC"
    assert application.headers[b"host"] == b"127.0.0.1:9"
    assert application.headers[b"authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=AKIA/")


def test_an_answer_is_read_whole(loop: asyncio.AbstractEventLoop) -> None:
    application = Application(200, b"one", b"two")

    answer = s3(application, loop).get_object(Bucket="bucket", Key="key", VersionId="a b")

    assert answer["Body"].read() == b"onetwo"
    assert answer["ETag"] == '"1"'
    assert application.scope["query_string"] == b"versionId=a%20b"


def test_what_the_caller_is_in_the_middle_of_stays_with_the_caller(
    loop: asyncio.AbstractEventLoop,
) -> None:
    application = Application()
    CALLER.set("a request")

    s3(application, loop).get_object(Bucket="bucket", Key="key")

    assert application.caller == "nobody"


def test_a_refusal_is_the_clients_error(loop: asyncio.AbstractEventLoop) -> None:
    application = Application(403)

    with pytest.raises(ClientError, match="403"):
        s3(application, loop).head_object(Bucket="bucket", Key="key")


def test_an_application_that_fails_is_an_internal_error(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(*_: Any) -> None:
        raise KeyError("what went wrong")

    with pytest.raises(ClientError, match="500"):
        s3(application, loop).head_object(Bucket="bucket", Key="key")

    assert "what went wrong" in caplog.text


def test_nobody_waits_for_ever(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    async def application(*_: Any) -> None:
        try:
            await asyncio.Future()
        finally:
            ended.set()

    monkeypatch.setattr(loopback, "TIMEOUT_SECONDS", 0.01)

    with pytest.raises(ReadTimeoutError):
        s3(application, loop).head_object(Bucket="bucket", Key="key")

    assert ended.wait(10.0)
