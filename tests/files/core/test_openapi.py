"""The file API's description is what the code does.

Proved: the document is valid OpenAPI 3.1; every kind of problem that the code knows is in it; and
real answers of the real routes, in an account in memory, have a declared status, media type,
headers and a body that fits the schema, for every problem type of each operation. That the
committed file is the generated one, tests/unit/test_openapi_files.py proves. Not proved: API
Gateway's own refusals beyond our template for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.common.runtime.problems import ProblemError
from services.files.openapi import document
from tests.files.core.account import CSV, FileAccount, id_in
from tests.support.api_description import Description
from tests.support.cloud.faults import CONNECT_TIMEOUT
from tests.support.file_service import BrokenError, announce, proxy_event

SPEC = Description(json.loads(json.dumps(document())))
ANNOUNCE, LIST, LOOK_UP, STATUS = "POST /files", "GET /files", "GET /files/{file_id}", "GET /status"
UNKNOWN = "5a1c9f0e-8e0b-4b69-8a51-3f5a55cf8f3e"

Answers = Callable[[FileAccount], Any]


def test_the_document_is_valid_openapi() -> None:
    SPEC.assert_is_openapi()
    assert set(SPEC.operations()) == {ANNOUNCE, LIST, LOOK_UP, STATUS}


def test_every_operation_is_signed() -> None:
    SPEC.assert_signed()


def test_every_example_fits_its_schema() -> None:
    assert SPEC.assert_examples_fit() > 25


def test_every_kind_of_problem_is_documented() -> None:
    """Of this service, and what is common."""
    mine = ("services.common.", "services.files.")
    kinds = {
        kind.type_uri()
        for kind in ProblemError.__subclasses__()
        if kind.__module__.startswith(mine)
    }
    documented = {kind for each in SPEC.operations() for _, kind in SPEC.declared_problems(each)}
    assert documented == kinds


def answer(account: FileAccount, event: Mapping[str, Any]) -> Any:
    return account.do(lambda: account.service.call(event))


def announcing(key: str | None = None, **members: object) -> Answers:
    return lambda account: answer(account, announce({**CSV, **members}, key))


def twice(**members: object) -> Answers:
    """The answer to a second call with the same key."""

    def second(account: FileAccount) -> Any:
        answer(account, announce(CSV, "k"))
        return answer(account, announce({**CSV, **members}, "k"))

    return second


def sent(**changes: object) -> Answers:
    """The answer to an announcement with another body or headers."""
    return lambda account: answer(account, announce(CSV) | changes)


def reading(path: str, query: Mapping[str, list[str]] | None = None) -> Answers:
    return lambda account: answer(
        account,
        proxy_event("GET", path) | {"multiValueQueryStringParameters": dict(query or {})},
    )


def looking_up(file_id: str) -> dict[str, Any]:
    return proxy_event("GET", "/files/{file_id}") | {"pathParameters": {"file_id": file_id}}


def after_upload(body: bytes) -> Answers:
    """What is told of a file that was uploaded and worked on."""

    def look(account: FileAccount) -> Any:
        event = account.upload(body)
        account.invoke(event)
        return answer(account, looking_up(id_in(event)))

    return look


def listed(account: FileAccount) -> Any:
    for _ in range(3):
        account.invoke(account.upload(b"poison"))
    return answer(
        account,
        proxy_event("GET", "/files") | {"multiValueQueryStringParameters": {"limit": ["2"]}},
    )


def without_stores(event: Mapping[str, Any]) -> Answers:
    def ask(account: FileAccount) -> Any:
        account.cloud.faults = lambda *_: CONNECT_TIMEOUT
        return answer(account, event)

    return ask


def broken(event: Mapping[str, Any]) -> Answers:
    """The answer when our code has a fault."""

    def mistake(*_: str) -> None:
        raise BrokenError

    def ask(account: FileAccount) -> Any:
        account.cloud.faults = mistake
        return answer(account, event)

    return ask


CASES: dict[str, dict[str, Answers]] = {
    ANNOUNCE: {
        "announced": announcing(),
        "with a key": announcing("k"),
        "replayed": twice(),
        "a folder": announcing(filename="a/b.csv"),
        "too large": announcing(size=10**10),
        "another type": announcing(filename="program.exe"),
        "key reused": twice(size=8),
        "bad key": announcing("a b"),
        "bad JSON": sent(body="{"),
        "no body": sent(body=None),
        "long body": sent(body="x" * 9000),
        "not JSON": sent(multiValueHeaders={"Content-Type": ["text/plain"]}),
        "no store": without_stores(announce(CSV)),
        "our fault": broken(announce(CSV)),
    },
    LIST: {
        "empty": reading("/files"),
        "a page": listed,
        "bad limit": reading("/files", {"limit": ["0"]}),
        "bad cursor": reading("/files", {"cursor": ["x"]}),
        "no store": without_stores(proxy_event("GET", "/files")),
        "our fault": broken(proxy_event("GET", "/files")),
    },
    LOOK_UP: {
        "processed": after_upload(b"a,b\n1,2\n"),
        "rejected": after_upload(b"poison"),
        "unknown": lambda account: answer(account, looking_up(UNKNOWN)),
        "no store": without_stores(looking_up(UNKNOWN)),
        "our fault": broken(looking_up(UNKNOWN)),
    },
    STATUS: {
        "healthy": reading("/status"),
        "degraded": without_stores(proxy_event("GET", "/status")),
        "our fault": broken(proxy_event("GET", "/status")),
    },
}
ALL_CASES = [(operation, case) for operation, cases in CASES.items() for case in cases]


@pytest.mark.parametrize(("operation", "case"), ALL_CASES)
def test_answers_are_as_described(account: FileAccount, operation: str, case: str) -> None:
    SPEC.assert_described(operation, CASES[operation][case](account))


@pytest.mark.parametrize("operation", CASES)
def test_every_described_problem_really_occurs(operation: str, tmp_path: Path) -> None:
    answers = [
        each(FileAccount(tmp_path / str(number)))
        for number, each in enumerate(CASES[operation].values())
    ]
    occurred = {
        (str(each["statusCode"]), json.loads(each["body"])["type"])
        for each in answers
        if each["statusCode"] >= 400
    }
    assert occurred == SPEC.declared_problems(operation)


def test_what_is_said_of_names_and_types_is_what_is_enforced(account: FileAccount) -> None:
    schema = SPEC.document["components"]["schemas"]["Announcement"]["properties"]
    for content_type in ("text/csv", "text/csv; charset=utf-8", "csv", "text/csv; x=1"):
        fits = bool(re.search(schema["content_type"]["pattern"], content_type))
        taken = announcing(content_type=content_type)(account)["statusCode"] == 201
        assert fits is taken, content_type
