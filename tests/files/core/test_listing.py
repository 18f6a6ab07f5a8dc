"""GET /files: newest first, page after page, by status and kind; and what stands in an entry.

Proved on a fake table whose indexes lag. Not proved: how many writes a partition of them takes.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.files.runtime.catalogue.models import PATIENCE
from services.files.runtime.processing.entry import ProcessingError
from tests.files.core.world import World
from tests.support.cloud.account import Worker, WorkerDiedError
from tests.support.file_service import TIMEOUT

BODIES = (b"good", b"poison", b"mistake", None)


def _fill(world: World, number: int) -> list[tuple[str, str, str]]:
    """Files of all kinds and fates, oldest first: id, kind and status of each."""
    made = []
    for i in range(number):
        body, image = BODIES[i % 4], i % 3 == 0
        name, content_type = (f"{i}.png", "image/png") if image else (f"{i}.csv", "text/csv")
        answer = world.announce({"filename": name, "content_type": content_type, "size": 1})
        if body is not None:
            _process(world, world.upload(body, key=answer["upload"]["fields"]["key"]))
        status = {
            b"good": "processed",
            b"poison": "rejected",
            b"mistake": "failed",
            None: "announced",
        }
        made.append((answer["file_id"], "image" if image else "table", status[body]))
        world.wait(1)
    return made


def _process(world: World, event: dict[str, Any]) -> None:
    for _ in range(3):
        try:
            world.invoke(event)
        except ProcessingError:
            continue


def _walk(world: World, **query: str) -> list[dict[str, Any]]:
    """All pages."""
    answer = world.list(**query)
    found = answer["files"]
    while "next_cursor" in answer:
        answer = world.list(**query, cursor=answer["next_cursor"])
        found += answer["files"]
    return found


@pytest.mark.parametrize("limit", ["1", "2", "5", "100"])
@pytest.mark.parametrize("kind", [None, "image", "table"])
@pytest.mark.parametrize("status", [None, "announced", "processed", "rejected", "failed"])
def test_pages_together_are_all_files_newest_first(
    world: World, kind: str | None, status: str | None, limit: str
) -> None:
    made = _fill(world, 14)
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
    found = _walk(world, **query)
    assert [(file["file_id"], file["kind"], file["status"]) for file in found] == expected


def test_a_page_holds_as_many_as_are_wanted(world: World) -> None:
    _fill(world, 6)
    answer = world.list(limit="4")
    assert len(answer["files"]) == 4
    assert "next_cursor" not in world.list(limit="4", cursor=answer["next_cursor"])


def test_what_is_announced_meanwhile_moves_no_page(world: World) -> None:
    made = _fill(world, 6)
    first = world.list(limit="3")
    _fill(world, 4)
    second = world.list(limit="3", cursor=first["next_cursor"])
    assert [file["file_id"] for file in second["files"]] == [made[i][0] for i in (2, 1, 0)]


def test_a_file_whose_worker_died_moves_from_processing_to_failed_in_time(world: World) -> None:
    event = world.upload()
    with pytest.raises(WorkerDiedError):
        world.invoke(event, worker=Worker(dies_at=4))
    assert len(world.list(status="processing")["files"]) == 1
    assert world.list(status="failed")["files"] == []
    world.wait((TIMEOUT + PATIENCE).total_seconds() + 20)
    assert world.list(status="processing")["files"] == []
    (file,) = world.list(status="failed")["files"]
    assert (file["status"], file["reason"]) == ("failed", "no-outcome")
    assert [file["status"] for file in world.list()["files"]] == ["failed"]


def test_no_list_reads_the_whole_table(world: World) -> None:
    _fill(world, 3)
    world.list()
    assert {operation for role, operation in world.cloud.calls if role == "api"} <= {
        "put_item",
        "query",
    }
