"""What the functions log and count: ids and outcomes, never what a file holds or is called.

Proved for our own log lines, in one process, while things go well and while they fail. Not proved:
what Lambda's runtime and API Gateway log.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.runtime.observability import logger
from services.files.runtime.processing import entry
from services.files.runtime.processing.entry import ProcessingError
from tests.files.core.account import FileAccount, id_in
from tests.support.cloud.account import Worker, WorkerDiedError
from tests.support.cloud.faults import CONNECT_TIMEOUT
from tests.support.file_service import announce, proxy_event

CANARY = "4111-1111-canary"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    yield stream
    logger.clear_state()


def test_no_line_holds_a_files_name_or_content(account: FileAccount, log: io.StringIO) -> None:
    document = {"filename": f"{CANARY}.csv", "content_type": "text/csv", "size": 9}
    key = account.announce(document, key=CANARY)["upload"]["fields"]["key"]
    account.call(announce(document | {"size": 0, CANARY: 1}))
    account.call(proxy_event("GET", "/files", query={"cursor": [CANARY]}))
    account.invoke(account.upload(f"good {CANARY}".encode(), key=key))
    account.invoke(account.upload(f"poison {CANARY}".encode(), key=key))
    with pytest.raises(ProcessingError):
        account.invoke(account.upload(f"mistake {CANARY}".encode(), key=key))
    account.look_up(key.split("/")[1])
    account.list()
    lines = log.getvalue().splitlines()
    assert len(lines) >= 6
    assert [line for line in lines if CANARY in line] == []
    assert all(json.loads(line)["message"] for line in lines)


def test_an_outage_is_logged_without_them_too(tmp_path: Path, log: io.StringIO) -> None:
    account = FileAccount(tmp_path, faults=lambda *_: CONNECT_TIMEOUT)
    document = {"filename": f"{CANARY}.csv", "content_type": "text/csv", "size": 9}
    assert account.call(announce(document, CANARY))[0] == 503
    with pytest.raises(ProcessingError):
        account.invoke(account.upload(f"good {CANARY}".encode(), key=f"by hand/{CANARY}.csv"))
    assert "ConnectTimeoutError" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_every_end_of_an_event_is_counted(
    account: FileAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr(entry, "count", counted.append)
    good, poison = account.upload(), account.upload(b"poison")
    mistake = account.upload(b"mistake")
    for event in (good, good, poison):
        account.invoke(event)
    for _ in range(3):
        with pytest.raises(ProcessingError):
            account.invoke(mistake)
    busy = account.upload()
    with pytest.raises(WorkerDiedError):
        account.invoke(busy, worker=Worker(dies_at=4))
    account.invoke(busy, "another")
    assert counted == [
        "Processed",
        "Repeated",
        "Rejected",
        "AttemptFailed",
        "AttemptFailed",
        "AttemptFailed",
        "Failed",
        "Repeated",
    ]


def test_a_line_about_an_event_names_file_and_version(
    account: FileAccount, log: io.StringIO
) -> None:
    event = account.upload()
    account.invoke(event)
    line = json.loads(log.getvalue().splitlines()[-1])
    assert line["outcome"] == "processed"
    assert line["version_id"] == event["detail"]["object"]["version-id"]
    assert line["file_id"] == id_in(event)
