"""GET /files/{file_id} and GET /status: what is told of a file, and of the service.

Proved on in-memory stores; that the links work is for test_links.py and the rehearsal.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.files.runtime.processing.entry import ProcessingError
from tests.files.core.account import FileAccount, id_in
from tests.support.cloud.faults import CONNECT_TIMEOUT, Fault
from tests.support.file_service import proxy_event


def test_a_processed_file_offers_its_results(account: FileAccount) -> None:
    event = account.upload(b"a,b\n1,2\n")
    account.invoke(event)
    shown = account.look_up(id_in(event))
    assert [(result["name"], result["size"]) for result in shown["results"]] == [
        ("copy.txt", 8),
        ("profile.json", 78),
    ]
    assert shown["results"][1]["url"].endswith("?table.profile.json")
    assert shown["results"][0]["content_type"] == "text/plain"
    assert "reason" not in shown


def test_a_rejected_file_says_why_and_offers_nothing(account: FileAccount) -> None:
    event = account.upload(b"poison")
    account.invoke(event)
    shown = account.look_up(id_in(event))
    assert (shown["status"], shown["reason"], shown["detail"], shown["results"]) == (
        "rejected",
        "poison",
        "The file says so",
        [],
    )
    (version,) = shown["versions"]
    assert (version["status"], version["reason"], version["size"]) == ("rejected", "poison", 6)


def test_results_are_those_of_the_newest_version(account: FileAccount) -> None:
    first = account.upload(b"good")
    account.invoke(first)
    account.invoke(account.upload(b"poison", key=first["detail"]["object"]["key"]))
    shown = account.look_up(id_in(first))
    assert (shown["status"], shown["results"]) == ("rejected", [])


def test_a_file_that_is_being_retried_does_not_show_an_error(account: FileAccount) -> None:
    event = account.upload(b"mistake")
    with pytest.raises(ProcessingError):
        account.invoke(event, "one")
    shown = account.look_up(id_in(event))
    assert shown["status"] == "processing"
    assert "reason" not in shown


def test_only_the_newest_versions_are_shown(account: FileAccount) -> None:
    event = account.upload(b"0")
    account.invoke(event)
    for number in range(1, 23):
        account.invoke(account.upload(b"%d" % number, key=event["detail"]["object"]["key"]))
    shown = account.look_up(id_in(event))
    assert len(shown["versions"]) == 20
    assert shown["versions"][0]["current"]
    assert shown["versions"][0]["size"] == 2


def test_the_status_names_environment_commit_and_dependencies(account: FileAccount) -> None:
    assert account.call(proxy_event("GET", "/status")) == (
        200,
        {
            "status": "ok",
            "environment": "dev",
            "commit": "0123456",
            "dependencies": {"catalogue": "ok", "uploads": "ok", "results": "ok"},
        },
    )


def test_the_status_says_which_dependency_does_not_answer(tmp_path: Path) -> None:
    def faults(_role: str, service: str, _operation: str) -> Fault | None:
        return CONNECT_TIMEOUT if service == "dynamodb" else None

    account = FileAccount(tmp_path, faults=faults)
    status, answer = account.call(proxy_event("GET", "/status"))
    assert (status, answer["status"]) == (200, "degraded")
    assert answer["dependencies"] == {"catalogue": "unavailable", "uploads": "ok", "results": "ok"}


def test_an_outage_is_a_503_that_may_be_repeated(tmp_path: Path) -> None:
    account = FileAccount(tmp_path, faults=lambda *_: CONNECT_TIMEOUT)
    status, problem = account.call(proxy_event("GET", "/files"))
    assert (status, problem["type"]) == (503, "urn:tap:problem:unavailable")


def test_pages_of_ours_may_read_answers(account: FileAccount) -> None:
    headers = {"Origin": ["https://app.example"]}
    response = account.do(
        lambda: account.service.call(proxy_event("GET", "/status", headers=headers))
    )
    assert response["headers"]["Access-Control-Allow-Origin"] == "https://app.example"
    assert response["headers"]["Access-Control-Expose-Headers"] == "Idempotency-Replayed"
