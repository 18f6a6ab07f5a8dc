"""GET /files: newest first, page after page, by status and kind; and what stands in an entry.

Proved on a fake table whose indexes lag. Not proved: how many writes a partition of them takes.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.files.runtime.catalogue.models import PATIENCE
from services.files.runtime.processing.entry import ProcessingError
from tests.files.core.account import FileAccount
from tests.support.cloud.account import Worker, WorkerDiedError
from tests.support.file_service import TIMEOUT

BODIES = (b"good", b"poison", b"mistake", None)


def _fill(account: FileAccount, number: int) -> list[tuple[str, str, str]]:
    """Files of all kinds and fates, oldest first: id, kind and status of each."""
    made = []
    for i in range(number):
        body, image = BODIES[i % 4], i % 3 == 0
        name, content_type = (f"{i}.png", "image/png") if image else (f"{i}.csv", "text/csv")
        answer = account.announce({"filename": name, "content_type": content_type, "size": 1})
        if body is not None:
            _process(account, account.upload(body, key=answer["upload"]["fields"]["key"]))
        status = {
            b"good": "processed",
            b"poison": "rejected",
            b"mistake": "failed",
            None: "announced",
        }
        made.append((answer["file_id"], "image" if image else "table", status[body]))
        account.wait(1)
    return made


def _process(account: FileAccount, event: dict[str, Any]) -> None:
    for _ in range(3):
        try:
            account.invoke(event)
        except ProcessingError:
            continue


def _walk(account: FileAccount, **query: str) -> list[dict[str, Any]]:
    """All pages."""
    answer = account.list(**query)
    found = answer["files"]
    while "next_cursor" in answer:
        answer = account.list(**query, cursor=answer["next_cursor"])
        found += answer["files"]
    return found


@pytest.mark.parametrize("limit", ["1", "2", "5", "100"])
@pytest.mark.parametrize("kind", [None, "image", "table"])
@pytest.mark.parametrize("status", [None, "announced", "processed", "rejected", "failed"])
def test_pages_together_are_all_files_newest_first(
    account: FileAccount, kind: str | None, status: str | None, limit: str
) -> None:
    made = _fill(account, 14)
    query = {"limit": limit}
    if kind:
        query["kind"] = kind
    if status:
        query["status"] = status
    expected = [
        (file_id, its_kind, its_status)
        for file_id, its_kind, its_status in reversed(made)
        if kind in (None, its_kind) and status in (None, its_status)
    ]
    found = _walk(account, **query)
    assert [(file["file_id"], file["kind"], file["status"]) for file in found] == expected


def test_a_page_holds_as_many_as_are_wanted(account: FileAccount) -> None:
    _fill(account, 6)
    answer = account.list(limit="4")
    assert len(answer["files"]) == 4
    assert "next_cursor" not in account.list(limit="4", cursor=answer["next_cursor"])


def test_what_is_announced_meanwhile_moves_no_page(account: FileAccount) -> None:
    made = _fill(account, 6)
    first = account.list(limit="3")
    _fill(account, 4)
    second = account.list(limit="3", cursor=first["next_cursor"])
    assert [file["file_id"] for file in second["files"]] == [made[i][0] for i in (2, 1, 0)]


def test_a_file_whose_worker_died_moves_from_processing_to_failed_in_time(
    account: FileAccount,
) -> None:
    event = account.upload()
    with pytest.raises(WorkerDiedError):
        account.invoke(event, worker=Worker(dies_at=4))
    assert len(account.list(status="processing")["files"]) == 1
    assert account.list(status="failed")["files"] == []
    account.wait((TIMEOUT + PATIENCE).total_seconds() + 20)
    assert account.list(status="processing")["files"] == []
    (file,) = account.list(status="failed")["files"]
    assert (file["status"], file["reason"]) == ("failed", "no-outcome")
    assert [file["status"] for file in account.list()["files"]] == ["failed"]


def test_no_list_reads_the_whole_table(account: FileAccount) -> None:
    _fill(account, 3)
    account.list()
    assert {operation for role, operation in account.cloud.calls if role == "api"} <= {
        "put_item",
        "query",
    }
