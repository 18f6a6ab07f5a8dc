"""POST /files: a file is announced once, and gets a form each time.

Proved on in-memory stores. What the form allows is for test_links.py and the rehearsal.
"""

from __future__ import annotations

import pytest

from services.files.runtime.api.links import VALIDITY
from services.files.runtime.catalogue.models import UPLOAD_WAIT
from tests.files.core.world import CSV, World
from tests.support.file_service import announce, proxy_event


def test_an_announced_file_has_an_id_a_form_and_a_row(world: World) -> None:
    answer = world.announce()
    key = f"uploads/{answer['file_id']}/table.csv"
    assert answer["upload"]["method"] == "POST"
    assert answer["upload"]["fields"] == {"key": key, "Content-Type": "text/csv"}
    shown = world.look_up(answer["file_id"])
    assert (shown["status"], shown["kind"], shown["versions"], shown["results"]) == (
        "announced",
        "table",
        [],
        [],
    )


def test_without_a_key_every_call_announces_another_file(world: World) -> None:
    assert world.announce()["file_id"] != world.announce()["file_id"]


def test_the_same_key_and_body_give_the_same_file_and_a_fresh_form(world: World) -> None:
    first = world.announce(key="mine")
    world.wait(VALIDITY.total_seconds() + 1)
    response = world.do(lambda: world.service.call(announce(CSV, "mine")))
    assert response["statusCode"] == 201
    assert response["headers"]["Idempotency-Replayed"] == "true"
    again = world.announce(key="mine")
    assert again["file_id"] == first["file_id"]
    assert again["upload"]["expires_at"] > first["upload"]["expires_at"]
    assert len(world.cloud.table.items) == 1


def test_the_first_answer_does_not_say_replayed(world: World) -> None:
    response = world.do(lambda: world.service.call(announce(CSV, "mine")))
    assert "Idempotency-Replayed" not in response["headers"]


def test_a_key_with_another_body_is_a_409(world: World) -> None:
    world.announce(key="mine")
    status, problem = world.call(announce(CSV | {"size": 10}, "mine"))
    assert (status, problem["type"]) == (409, "urn:tap:problem:idempotency-key-reused")


def test_two_callers_may_use_the_same_key(world: World) -> None:
    world.announce(key="mine")
    status, _ = world.call(announce(CSV | {"size": 10}, "mine", caller="AROAOTHER:session"))
    assert status == 201


def test_a_file_that_nobody_uploads_expires_and_a_repeated_announcement_keeps_it(
    world: World,
) -> None:
    file_id = world.announce(key="mine")["file_id"]
    first = world.file_row(file_id).expires_at
    world.wait(3600)
    world.announce(key="mine")
    extended = world.file_row(file_id).expires_at
    assert first is not None
    assert extended is not None
    assert (extended - first).total_seconds() == pytest.approx(3600, abs=2)
    world.wait(UPLOAD_WAIT.total_seconds() + 60)
    status, _ = world.call(_get(file_id))
    assert status == 404
    assert world.list()["files"] == []


def test_a_repeated_announcement_of_an_uploaded_file_does_not_let_it_expire(world: World) -> None:
    answer = world.announce(key="mine")
    world.invoke(world.upload(key=answer["upload"]["fields"]["key"]))
    assert world.announce(key="mine")["file_id"] == answer["file_id"]
    assert world.file_row(answer["file_id"]).expires_at is None
    assert world.look_up(answer["file_id"])["status"] == "processed"


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
    world: World, filename: str, content_type: str, kind: str
) -> None:
    answer = world.announce({"filename": filename, "content_type": content_type, "size": 1})
    assert answer["upload"]["fields"]["key"].endswith(f"/{filename}")
    assert answer["upload"]["fields"]["Content-Type"] == content_type
    assert world.look_up(answer["file_id"])["kind"] == kind


def _get(file_id: str) -> dict[str, object]:
    return proxy_event("GET", "/files/{file_id}", path={"file_id": file_id})
