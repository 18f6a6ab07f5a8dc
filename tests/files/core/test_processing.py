"""A version of a file ends once, whatever happens to its event.

Proved on in-memory stores that check conditions as DynamoDB does, one thing after the other; what
concurrent workers and thousands of faults make of it is for tests/properties/test_file_faults.py.
Not proved: that Lambda repeats and keeps events as its documentation says.
"""

from __future__ import annotations

import io
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from services.common.runtime.observability import logger
from services.files.runtime.catalogue.models import PATIENCE, Status
from services.files.runtime.processing.entry import ProcessingError
from tests.files.core.world import World, id_in
from tests.support.cloud.account import Worker, WorkerDiedError
from tests.support.cloud.faults import CONNECT_TIMEOUT
from tests.support.file_service import MAX_BYTES, RESULTS, TIMEOUT

# Of an event that goes well: two looks, the claim, the download, two results, the outcome.
CALLS = 7
REST = (TIMEOUT + PATIENCE + timedelta(minutes=1)).total_seconds()


def test_an_upload_is_processed_and_its_results_are_stored(world: World) -> None:
    event = world.upload(b"a,b\n1,2\n")
    assert world.invoke(event) == "processed"
    row = world.only_version()
    assert row.standing.status is Status.PROCESSED
    (copy, profile) = row.results
    assert world.cloud.storage.latest(RESULTS, copy.key) == b"a,b\n1,2\n"
    assert copy.key == f"results/{id_in(event)}/{row.version_id}/copy.txt"
    assert profile.name == "profile.json"
    assert world.file_row(id_in(event)).standing.status is Status.PROCESSED


def test_the_same_event_again_changes_nothing(world: World) -> None:
    event = world.upload()
    world.invoke(event)
    before = dict(world.cloud.table.items)
    assert world.invoke(event) == "done"
    assert world.invoke(event, "another") == "done"
    assert world.cloud.table.items == before
    assert all(len(versions) == 1 for versions in world.cloud.storage.versions.values())


def test_poison_is_rejected_without_an_error(world: World) -> None:
    event = world.upload(b"poison")
    assert world.invoke(event) == "rejected"
    row = world.only_version()
    assert (row.standing.status, row.standing.reason) == (Status.REJECTED, "poison")
    assert row.results == ()
    assert world.invoke(event) == "done"


def test_a_file_beyond_the_limit_is_rejected_unread(world: World) -> None:
    event = world.upload(b"x" * (MAX_BYTES + 1))
    assert world.invoke(event) == "rejected"
    assert world.only_version().standing.reason == "too-many-bytes"
    assert world.cloud.calls["processor", "get_object"] == 0


def test_a_version_that_was_deleted_is_rejected(world: World) -> None:
    event = world.upload()
    world.cloud.storage.versions.clear()
    assert world.invoke(event) == "rejected"
    assert world.only_version().standing.reason == "deleted"


@pytest.mark.parametrize("dies_after", [False, True])
@pytest.mark.parametrize("step", range(1, CALLS + 1))
def test_a_retry_finishes_what_a_death_at_any_call_left(
    world: World, step: int, dies_after: bool
) -> None:
    event = world.upload()
    with pytest.raises(WorkerDiedError):
        world.invoke(event, "one", Worker(dies_at=step, dies_after=dies_after))
    expected = "done" if (step, dies_after) == (CALLS, True) else "processed"
    assert world.invoke(event, "one") == expected
    assert world.only_version().standing.status is Status.PROCESSED
    assert world.file_row(id_in(event)).standing.status is Status.PROCESSED
    _assert_results_are_whole(world)


@pytest.mark.parametrize("dies_after", [False, True])
@pytest.mark.parametrize("step", range(3, CALLS + 1))
def test_a_version_left_by_dying_workers_reads_as_failed_in_time_until_a_redrive(
    world: World, step: int, dies_after: bool
) -> None:
    event = world.upload()
    for _ in range(3):
        with pytest.raises((WorkerDiedError, ProcessingError)):
            world.invoke(event, "one", Worker(dies_at=step, dies_after=dies_after))
        if world.version_rows() and world.only_version().standing.status is Status.PROCESSED:
            return
    world.wait(REST)
    shown = world.look_up(id_in(event))
    if step > 3 or dies_after:
        assert (shown["status"], shown["reason"]) == ("failed", "no-outcome")
        assert [file["file_id"] for file in world.list(status="failed")["files"]] == [id_in(event)]
        assert world.list(status="processing")["files"] == []
    assert world.invoke(event, "one") == "processed"
    assert world.look_up(id_in(event))["status"] == "processed"


def test_a_redrive_does_not_wait_for_the_lease_of_the_dead(world: World) -> None:
    event = world.upload()
    for _ in range(3):
        with pytest.raises(WorkerDiedError):
            world.invoke(event, worker=Worker(dies_at=4))
    assert world.invoke(event) == "processed"


def test_an_error_of_ours_is_raised_and_the_last_attempt_says_failed(world: World) -> None:
    event = world.upload(b"mistake")
    for _ in range(2):
        with pytest.raises(ProcessingError):
            world.invoke(event, "one")
        assert world.look_up(id_in(event))["status"] == "processing"
    with pytest.raises(ProcessingError):
        world.invoke(event, "one")
    shown = world.look_up(id_in(event))
    assert (shown["status"], shown["reason"]) == ("failed", "BrokenError")


def test_a_redrive_mends_a_failed_version(world: World) -> None:
    event = world.upload(b"mistake")
    for _ in range(3):
        with pytest.raises(ProcessingError):
            world.invoke(event, "one")
    world.service.workshop.broken = False
    assert world.invoke(event, "one") == "processed"
    assert world.look_up(id_in(event))["status"] == "processed"
    assert world.only_version().attempt == 4


def test_a_redrive_that_fails_says_so_at_once(world: World) -> None:
    event = world.upload(b"mistake")
    for _ in range(4):
        with pytest.raises(ProcessingError):
            world.invoke(event)
    assert world.look_up(id_in(event))["status"] == "failed"


def test_another_event_mends_a_failed_version_too(world: World) -> None:
    event = world.upload(b"mistake")
    for _ in range(3):
        with pytest.raises(ProcessingError):
            world.invoke(event, "one")
    world.service.workshop.broken = False
    assert world.invoke(event, "two") == "processed"


def test_neither_lambda_nor_the_log_learns_what_stands_in_a_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    event = world.upload(b"mistake with my secret", key="by hand/private name.csv")
    with pytest.raises(ProcessingError) as raised:
        world.invoke(event)
    assert str(raised.value) == "BrokenError"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    logged = log.getvalue()
    (line,) = [json.loads(line) for line in logged.splitlines() if "attempt failed" in line]
    assert line["error"] == "BrokenError"
    assert any("transform" in place for place in line["places"])
    assert "secret" not in logged
    assert "private" not in logged


def test_another_event_leaves_a_version_alone_that_has_a_worker(world: World) -> None:
    event = world.upload()
    with pytest.raises(WorkerDiedError):
        world.invoke(event, "one", Worker(dies_at=4))
    assert world.invoke(event, "two") == "busy"
    assert world.only_version().claimed_by == "one"
    world.wait(TIMEOUT.total_seconds() + 11)
    assert world.invoke(event, "two") == "processed"


def test_who_was_overtaken_writes_nothing(world: World) -> None:
    event = world.upload()
    transform = world.service.workshop.transform

    def slowly(source: object, folder: object) -> object:
        world.service.workshop.transform = transform  # type: ignore[method-assign]
        world.simulation.sleep(TIMEOUT.total_seconds() + 20)
        world.service.invoke(event, "two")
        return transform(source, folder)  # type: ignore[arg-type]

    world.service.workshop.transform = slowly  # type: ignore[assignment]
    assert world.invoke(event, "one") == "overtaken"
    row = world.only_version()
    assert (row.claimed_by, row.standing.status) == ("two", Status.PROCESSED)


def test_each_version_of_a_file_has_an_outcome_and_the_newest_one_is_the_files(
    world: World,
) -> None:
    first = world.upload(b"poison")
    key = first["detail"]["object"]["key"]
    second, third = world.upload(b"two", key=key), world.upload(b"mistake", key=key)
    world.service.workshop.broken = False
    assert [world.invoke(event) for event in (third, first, second)] == [
        "processed",
        "rejected",
        "processed",
    ]
    newest = third["detail"]["object"]["version-id"]
    assert world.file_row(id_in(first)).version_id == newest
    shown = world.look_up(id_in(first))
    assert [version["status"] for version in shown["versions"]] == [
        "processed",
        "processed",
        "rejected",
    ]
    assert [version["current"] for version in shown["versions"]] == [True, False, False]
    assert shown["versions"][0]["version_id"] == newest


def test_a_late_event_of_an_old_version_does_not_make_the_file_older(world: World) -> None:
    old = world.upload(b"old")
    new = world.upload(b"poison", key=old["detail"]["object"]["key"])
    world.invoke(new)
    world.wait(24 * 3600)
    assert world.invoke(old) == "processed"
    file = world.file_row(id_in(old))
    assert (file.standing.status, file.standing.reason) == (Status.REJECTED, "poison")
    assert [file["status"] for file in world.list()["files"]] == ["rejected"]


@pytest.mark.parametrize(
    "name",
    ["a b.csv", "a+b.csv", "100%.csv", "%2F.csv", "a%20b+.CSV", "Größe 漢😀.csv", "a'\"&<>.csv"],
)
def test_odd_names_survive(world: World, name: str) -> None:
    answer = world.announce({"filename": name, "content_type": "text/csv", "size": 3})
    event = world.upload(b"a,b", key=answer["upload"]["fields"]["key"])
    assert event["detail"]["object"]["key"] == f"uploads/{answer['file_id']}/{name}"
    assert world.invoke(event) == "processed"
    assert world.look_up(answer["file_id"])["filename"] == name


def test_a_file_put_into_the_bucket_by_hand_is_processed_and_listed(world: World) -> None:
    assert world.invoke(world.upload(b"poison", key="some folder/Photo.JPG")) == "rejected"
    assert world.invoke(world.upload(b"good", key="some folder/Photo.JPG")) == "processed"
    (file,) = world.list()["files"]
    assert (file["filename"], file["kind"], file["status"]) == ("Photo.JPG", "image", "processed")
    assert len(world.look_up(file["file_id"])["versions"]) == 2


def test_a_file_that_borrows_an_announced_ones_folder_is_another_file(world: World) -> None:
    announced = world.announce()
    key = f"uploads/{announced['file_id']}/other.csv"
    assert world.invoke(world.upload(b"x", key=key)) == "processed"
    assert world.look_up(announced["file_id"])["status"] == "announced"
    assert len(world.list()["files"]) == 2


def test_a_file_whose_row_has_expired_comes_back_with_its_event(world: World) -> None:
    event = world.upload()
    world.cloud.table.items.clear()
    assert world.invoke(event) == "processed"
    assert world.look_up(id_in(event))["filename"] == "table.csv"


def test_an_upload_stops_the_rows_expiry(world: World) -> None:
    event = world.upload()
    assert world.file_row(id_in(event)).expires_at is not None
    world.invoke(event)
    assert world.file_row(id_in(event)).expires_at is None


def test_what_is_not_an_upload_of_ours_is_an_error(world: World) -> None:
    event = world.upload()
    event["detail"]["bucket"]["name"] = "another"
    with pytest.raises(ProcessingError, match=r"^EventError$"):
        world.invoke(event)
    assert world.version_rows() == []


def test_an_outage_at_the_outcome_is_an_error_and_a_retry_mends_it(tmp_path: Path) -> None:
    outage = [False]

    def faults(role: str, _service: str, operation: str) -> object:
        down = outage[0] and role == "processor" and operation == "put_object"
        return CONNECT_TIMEOUT if down else None

    world = World(tmp_path, faults=faults)  # type: ignore[arg-type]
    event, outage[0] = world.upload(), True
    with pytest.raises(ProcessingError, match=r"^UnavailableError < ConnectTimeoutError$"):
        world.invoke(event, "one")
    assert world.look_up(id_in(event))["status"] == "processing"
    outage[0] = False
    assert world.invoke(event, "one") == "processed"


def test_nothing_stays_on_the_local_disk(world: World, tmp_path: Path) -> None:
    world.invoke(world.upload())
    world.invoke(world.upload(b"poison"))
    with pytest.raises(ProcessingError):
        world.invoke(world.upload(b"mistake"))
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []


def _assert_results_are_whole(world: World) -> None:
    row = world.only_version()
    assert len(row.results) == 2
    for result in row.results:
        assert len(world.cloud.storage.latest(RESULTS, result.key)) == result.size
