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
from tests.files.core.account import FileAccount, id_in
from tests.support.cloud.account import Worker, WorkerDiedError
from tests.support.cloud.faults import CONNECT_TIMEOUT
from tests.support.file_service import MAX_BYTES, RESULTS, TIMEOUT

# Of an event that goes well: two looks, the claim, the download, two results, the outcome.
CALLS = 7
REST = (TIMEOUT + PATIENCE + timedelta(minutes=1)).total_seconds()


def test_an_upload_is_processed_and_its_results_are_stored(account: FileAccount) -> None:
    event = account.upload(b"a,b\n1,2\n")
    assert account.invoke(event) == "processed"
    row = account.only_version()
    assert row.standing.status is Status.PROCESSED
    (copy, profile) = row.results
    assert account.cloud.storage.latest(RESULTS, copy.key) == b"a,b\n1,2\n"
    assert copy.key == f"results/{id_in(event)}/{row.version_id}/copy.txt"
    assert profile.name == "profile.json"
    assert account.file_row(id_in(event)).standing.status is Status.PROCESSED


def test_the_same_event_again_changes_nothing(account: FileAccount) -> None:
    event = account.upload()
    account.invoke(event)
    before = dict(account.cloud.table.items)
    assert account.invoke(event) == "done"
    assert account.invoke(event, "another") == "done"
    assert account.cloud.table.items == before
    assert all(len(versions) == 1 for versions in account.cloud.storage.versions.values())


def test_poison_is_rejected_without_an_error(account: FileAccount) -> None:
    event = account.upload(b"poison")
    assert account.invoke(event) == "rejected"
    row = account.only_version()
    assert (row.standing.status, row.standing.reason) == (Status.REJECTED, "poison")
    assert row.results == ()
    assert account.invoke(event) == "done"


def test_a_file_beyond_the_limit_is_rejected_unread(account: FileAccount) -> None:
    event = account.upload(b"x" * (MAX_BYTES + 1))
    assert account.invoke(event) == "rejected"
    assert account.only_version().standing.reason == "too-many-bytes"
    assert account.cloud.calls["processor", "get_object"] == 0


def test_a_version_that_was_deleted_is_rejected(account: FileAccount) -> None:
    event = account.upload()
    account.cloud.storage.versions.clear()
    assert account.invoke(event) == "rejected"
    assert account.only_version().standing.reason == "deleted"


@pytest.mark.parametrize("dies_after", [False, True])
@pytest.mark.parametrize("step", range(1, CALLS + 1))
def test_a_retry_finishes_what_a_death_at_any_call_left(
    account: FileAccount, step: int, dies_after: bool
) -> None:
    event = account.upload()
    with pytest.raises(WorkerDiedError):
        account.invoke(event, "one", Worker(dies_at=step, dies_after=dies_after))
    expected = "done" if (step, dies_after) == (CALLS, True) else "processed"
    assert account.invoke(event, "one") == expected
    assert account.only_version().standing.status is Status.PROCESSED
    assert account.file_row(id_in(event)).standing.status is Status.PROCESSED
    _assert_results_are_whole(account)


@pytest.mark.parametrize("dies_after", [False, True])
@pytest.mark.parametrize("step", range(3, CALLS + 1))
def test_a_version_left_by_dying_workers_reads_as_failed_in_time_until_a_redrive(
    account: FileAccount, step: int, dies_after: bool
) -> None:
    event = account.upload()
    for _ in range(3):
        with pytest.raises((WorkerDiedError, ProcessingError)):
            account.invoke(event, "one", Worker(dies_at=step, dies_after=dies_after))
        if account.version_rows() and account.only_version().standing.status is Status.PROCESSED:
            return
    account.wait(REST)
    shown = account.look_up(id_in(event))
    if step > 3 or dies_after:
        assert (shown["status"], shown["reason"]) == ("failed", "no-outcome")
        assert [file["file_id"] for file in account.list(status="failed")["files"]] == [
            id_in(event)
        ]
        assert account.list(status="processing")["files"] == []
    assert account.invoke(event, "one") == "processed"
    assert account.look_up(id_in(event))["status"] == "processed"


def test_a_redrive_does_not_wait_for_the_lease_of_the_dead(account: FileAccount) -> None:
    event = account.upload()
    for _ in range(3):
        with pytest.raises(WorkerDiedError):
            account.invoke(event, worker=Worker(dies_at=4))
    assert account.invoke(event) == "processed"


def test_an_error_of_ours_is_raised_and_the_last_attempt_says_failed(account: FileAccount) -> None:
    event = account.upload(b"mistake")
    for _ in range(2):
        with pytest.raises(ProcessingError):
            account.invoke(event, "one")
        assert account.look_up(id_in(event))["status"] == "processing"
    with pytest.raises(ProcessingError):
        account.invoke(event, "one")
    shown = account.look_up(id_in(event))
    assert (shown["status"], shown["reason"]) == ("failed", "BrokenError")


def test_a_redrive_mends_a_failed_version(account: FileAccount) -> None:
    event = account.upload(b"mistake")
    for _ in range(3):
        with pytest.raises(ProcessingError):
            account.invoke(event, "one")
    account.service.workshop.broken = False
    assert account.invoke(event, "one") == "processed"
    assert account.look_up(id_in(event))["status"] == "processed"
    assert account.only_version().attempt == 4


def test_a_redrive_that_fails_says_so_at_once(account: FileAccount) -> None:
    event = account.upload(b"mistake")
    for _ in range(4):
        with pytest.raises(ProcessingError):
            account.invoke(event)
    assert account.look_up(id_in(event))["status"] == "failed"


def test_another_event_mends_a_failed_version_too(account: FileAccount) -> None:
    event = account.upload(b"mistake")
    for _ in range(3):
        with pytest.raises(ProcessingError):
            account.invoke(event, "one")
    account.service.workshop.broken = False
    assert account.invoke(event, "two") == "processed"


def test_neither_lambda_nor_the_log_learns_what_stands_in_a_file(
    account: FileAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    event = account.upload(b"mistake with my secret", key="by hand/private name.csv")
    with pytest.raises(ProcessingError) as raised:
        account.invoke(event)
    assert str(raised.value) == "BrokenError"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    logged = log.getvalue()
    (line,) = [json.loads(line) for line in logged.splitlines() if "attempt failed" in line]
    assert line["error"] == "BrokenError"
    assert any("transform" in place for place in line["places"])
    assert "secret" not in logged
    assert "private" not in logged


def test_another_event_leaves_a_version_alone_that_has_a_worker(account: FileAccount) -> None:
    event = account.upload()
    with pytest.raises(WorkerDiedError):
        account.invoke(event, "one", Worker(dies_at=4))
    assert account.invoke(event, "two") == "busy"
    assert account.only_version().claimed_by == "one"
    account.wait(TIMEOUT.total_seconds() + 11)
    assert account.invoke(event, "two") == "processed"


def test_who_was_overtaken_writes_nothing(account: FileAccount) -> None:
    event = account.upload()
    transform = account.service.workshop.transform

    def slowly(source: object, folder: object) -> object:
        account.service.workshop.transform = transform  # type: ignore[method-assign]
        account.simulation.sleep(TIMEOUT.total_seconds() + 20)
        account.service.invoke(event, "two")
        return transform(source, folder)  # type: ignore[arg-type]

    account.service.workshop.transform = slowly  # type: ignore[assignment]
    assert account.invoke(event, "one") == "overtaken"
    row = account.only_version()
    assert (row.claimed_by, row.standing.status) == ("two", Status.PROCESSED)


def test_each_version_of_a_file_has_an_outcome_and_the_newest_one_is_the_files(
    account: FileAccount,
) -> None:
    first = account.upload(b"poison")
    key = first["detail"]["object"]["key"]
    second, third = account.upload(b"two", key=key), account.upload(b"mistake", key=key)
    account.service.workshop.broken = False
    assert [account.invoke(event) for event in (third, first, second)] == [
        "processed",
        "rejected",
        "processed",
    ]
    newest = third["detail"]["object"]["version-id"]
    assert account.file_row(id_in(first)).version_id == newest
    shown = account.look_up(id_in(first))
    assert [version["status"] for version in shown["versions"]] == [
        "processed",
        "processed",
        "rejected",
    ]
    assert [version["current"] for version in shown["versions"]] == [True, False, False]
    assert shown["versions"][0]["version_id"] == newest


def test_a_late_event_of_an_old_version_does_not_make_the_file_older(account: FileAccount) -> None:
    old = account.upload(b"old")
    new = account.upload(b"poison", key=old["detail"]["object"]["key"])
    account.invoke(new)
    account.wait(24 * 3600)
    assert account.invoke(old) == "processed"
    file = account.file_row(id_in(old))
    assert (file.standing.status, file.standing.reason) == (Status.REJECTED, "poison")
    assert [file["status"] for file in account.list()["files"]] == ["rejected"]


@pytest.mark.parametrize(
    "name",
    ["a b.csv", "a+b.csv", "100%.csv", "%2F.csv", "a%20b+.CSV", "Größe 漢😀.csv", "a'\"&<>.csv"],
)
def test_odd_names_survive(account: FileAccount, name: str) -> None:
    answer = account.announce({"filename": name, "content_type": "text/csv", "size": 3})
    event = account.upload(b"a,b", key=answer["upload"]["fields"]["key"])
    assert event["detail"]["object"]["key"] == f"uploads/{answer['file_id']}/{name}"
    assert account.invoke(event) == "processed"
    assert account.look_up(answer["file_id"])["filename"] == name


def test_a_file_put_into_the_bucket_by_hand_is_processed_and_listed(account: FileAccount) -> None:
    assert account.invoke(account.upload(b"poison", key="some folder/Photo.JPG")) == "rejected"
    assert account.invoke(account.upload(b"good", key="some folder/Photo.JPG")) == "processed"
    (file,) = account.list()["files"]
    assert (file["filename"], file["kind"], file["status"]) == ("Photo.JPG", "image", "processed")
    assert len(account.look_up(file["file_id"])["versions"]) == 2


def test_a_file_that_borrows_an_announced_ones_folder_is_another_file(account: FileAccount) -> None:
    announced = account.announce()
    key = f"uploads/{announced['file_id']}/other.csv"
    assert account.invoke(account.upload(b"x", key=key)) == "processed"
    assert account.look_up(announced["file_id"])["status"] == "announced"
    assert len(account.list()["files"]) == 2


def test_a_file_whose_row_has_expired_comes_back_with_its_event(account: FileAccount) -> None:
    event = account.upload()
    account.cloud.table.items.clear()
    assert account.invoke(event) == "processed"
    assert account.look_up(id_in(event))["filename"] == "table.csv"


def test_an_upload_stops_the_rows_expiry(account: FileAccount) -> None:
    event = account.upload()
    assert account.file_row(id_in(event)).expires_at is not None
    account.invoke(event)
    assert account.file_row(id_in(event)).expires_at is None


def test_what_is_not_an_upload_of_ours_is_an_error(account: FileAccount) -> None:
    event = account.upload()
    event["detail"]["bucket"]["name"] = "another"
    with pytest.raises(ProcessingError, match=r"^EventError$"):
        account.invoke(event)
    assert account.version_rows() == []


def test_an_outage_at_the_outcome_is_an_error_and_a_retry_mends_it(tmp_path: Path) -> None:
    outage = [False]

    def faults(role: str, _service: str, operation: str) -> object:
        down = outage[0] and role == "processor" and operation == "put_object"
        return CONNECT_TIMEOUT if down else None

    account = FileAccount(tmp_path, faults=faults)  # type: ignore[arg-type]
    event, outage[0] = account.upload(), True
    with pytest.raises(ProcessingError, match=r"^UnavailableError < ConnectTimeoutError$"):
        account.invoke(event, "one")
    assert account.look_up(id_in(event))["status"] == "processing"
    outage[0] = False
    assert account.invoke(event, "one") == "processed"


def test_nothing_stays_on_the_local_disk(account: FileAccount, tmp_path: Path) -> None:
    account.invoke(account.upload())
    account.invoke(account.upload(b"poison"))
    with pytest.raises(ProcessingError):
        account.invoke(account.upload(b"mistake"))
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []


def _assert_results_are_whole(account: FileAccount) -> None:
    row = account.only_version()
    assert len(row.results) == 2
    for result in row.results:
        assert len(account.cloud.storage.latest(RESULTS, result.key)) == result.size
