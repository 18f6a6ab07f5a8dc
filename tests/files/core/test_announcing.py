"""POST /files: a file is announced once, and gets a form each time.

Proved on in-memory stores. What the form allows is for test_links.py and the rehearsal.
"""

from __future__ import annotations

import pytest

from services.files.runtime.api.links import VALIDITY
from services.files.runtime.catalogue.models import UPLOAD_WAIT
from tests.files.core.account import CSV, FileAccount
from tests.support.file_service import announce, proxy_event


def test_an_announced_file_has_an_id_a_form_and_a_row(account: FileAccount) -> None:
    answer = account.announce()
    key = f"uploads/{answer['file_id']}/table.csv"
    assert answer["upload"]["method"] == "POST"
    assert answer["upload"]["fields"] == {"key": key, "Content-Type": "text/csv"}
    shown = account.look_up(answer["file_id"])
    assert (shown["status"], shown["kind"], shown["versions"], shown["results"]) == (
        "announced",
        "table",
        [],
        [],
    )


def test_without_a_key_every_call_announces_another_file(account: FileAccount) -> None:
    assert account.announce()["file_id"] != account.announce()["file_id"]


def test_the_same_key_and_body_give_the_same_file_and_a_fresh_form(account: FileAccount) -> None:
    first = account.announce(key="mine")
    account.wait(VALIDITY.total_seconds() + 1)
    response = account.do(lambda: account.service.call(announce(CSV, "mine")))
    assert response["statusCode"] == 201
    assert response["headers"]["Idempotency-Replayed"] == "true"
    again = account.announce(key="mine")
    assert again["file_id"] == first["file_id"]
    assert again["upload"]["expires_at"] > first["upload"]["expires_at"]
    assert len(account.cloud.table.items) == 1


def test_the_first_answer_does_not_say_replayed(account: FileAccount) -> None:
    response = account.do(lambda: account.service.call(announce(CSV, "mine")))
    assert "Idempotency-Replayed" not in response["headers"]


def test_a_key_with_another_body_is_a_409(account: FileAccount) -> None:
    account.announce(key="mine")
    status, problem = account.call(announce(CSV | {"size": 10}, "mine"))
    assert (status, problem["type"]) == (409, "urn:tap:problem:idempotency-key-reused")


def test_two_callers_may_use_the_same_key(account: FileAccount) -> None:
    account.announce(key="mine")
    status, _ = account.call(announce(CSV | {"size": 10}, "mine", caller="AROAOTHER:session"))
    assert status == 201


def test_a_file_that_nobody_uploads_expires_and_a_repeated_announcement_keeps_it(
    account: FileAccount,
) -> None:
    file_id = account.announce(key="mine")["file_id"]
    first = account.file_row(file_id).expires_at
    account.wait(3600)
    account.announce(key="mine")
    extended = account.file_row(file_id).expires_at
    assert first is not None
    assert extended is not None
    assert (extended - first).total_seconds() == pytest.approx(3600, abs=2)
    account.wait(UPLOAD_WAIT.total_seconds() + 60)
    status, _ = account.call(_get(file_id))
    assert status == 404
    assert account.list()["files"] == []


def test_a_repeated_announcement_of_an_uploaded_file_does_not_let_it_expire(
    account: FileAccount,
) -> None:
    answer = account.announce(key="mine")
    account.invoke(account.upload(key=answer["upload"]["fields"]["key"]))
    assert account.announce(key="mine")["file_id"] == answer["file_id"]
    assert account.file_row(answer["file_id"]).expires_at is None
    assert account.look_up(answer["file_id"])["status"] == "processed"


@pytest.mark.parametrize(
    ("filename", "content_type", "kind"),
    [
        ("a.jpg", "image/jpeg", "image"),
        ("a.JPEG", "image/jpeg", "image"),
        ("a.Png", "image/png", "image"),
        ("a.b.CSV", "text/csv; charset=iso-8859-1", "table"),
        ("a.json", "application/json", "table"),
        ("a.csv", "Text/CSV", "table"),
        ("x" * 251 + ".csv", 'text/csv;charset="UTF-8"', "table"),
        ("a b+c%20ü漢😀'\"<>&.csv", "application/vnd.ms-excel", "table"),
    ],
)
def test_every_kind_of_name_is_taken(
    account: FileAccount, filename: str, content_type: str, kind: str
) -> None:
    answer = account.announce({"filename": filename, "content_type": content_type, "size": 1})
    assert answer["upload"]["fields"]["key"].endswith(f"/{filename}")
    assert answer["upload"]["fields"]["Content-Type"] == content_type
    assert account.look_up(answer["file_id"])["kind"] == kind


def _get(file_id: str) -> dict[str, object]:
    return proxy_event("GET", "/files/{file_id}", path={"file_id": file_id})
