"""Bad inputs of the file API are refused as problems, with nothing written.

Proved for the function. What API Gateway makes of an odd request before the function sees it is the
rehearsal's to show. How bodies fail as JSON is for tests/properties/test_inputs.py: the parser is
the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.files.core.account import FileAccount
from tests.support.file_service import MAX_BYTES, announce, proxy_event

GOOD = {"filename": "a.csv", "content_type": "text/csv", "size": 1}
Case = tuple[str, dict[str, Any], int]

BODIES = [b"", b"{}", b"[]", b"null", b'"a"', b"{", b'{"filename":"a.csv"}', b'{"size":NaN}']
NAMES: list[Any] = [
    None, "", 1, True, [], {}, ["a.csv"], {"name": "a.csv"}, "a/b.csv", "/a.csv", "a\\b.csv",
    "../a.csv", "..\\a.csv", "a\n.csv", "a\r\nX: y.csv", "a\x00.csv", "a\x7f.csv", "a\x85.csv",
    "a\u2028.csv", "a\u2029.csv", "a\ufffe.csv", "\uffff.csv", "x" * 252 + ".csv",
    "漢" * 250 + ".json.csv", "😀" * 240 + ".csv", "${filename}.csv", "a${filename}.csv",
]  # fmt: skip
UNSUPPORTED = [
    "a", "a.", ".", "..", "a.txt", "a.gif", "a.webp", "a.svg", "a.html", "a.csv.exe", "a.csv ",
    "csv", "jpg", "a.jpg.", "a.jpgx", "a.jp", "a.csv%00", "a.csv?", "a.csv;x", "a.xlsx",
    "a.jsonl", "a.ndjson", "a.tif", "a.pdf", "a.csv.gz", "a.\uff4a\uff50\uff47",
    "a.jpg\u200b", "a.\u0441sv",
]  # fmt: skip
CONTENT_TYPES: list[Any] = [
    None, "", 1, True, [], {}, "text", "text/", "/csv", "text/csv;", "text/csv; charset",
    "text/csv; charset=", "text/csv; charset=a b", "text/csv; header=present", "text/csv\n",
    "text/csv\r\nX-A: b", "text/csv, text/csv", " text/csv", "text/csv ", "*/*", "text/*",
    "text/cs v", "text/csv; charset=" + "x" * 41, "text/csv;charset=utf-8;charset=utf-8", "text/ü",
]  # fmt: skip
UNSUPPORTED_TYPES = [
    "image/png", "image/jpeg", "image/svg+xml", "text/html", "application/octet-stream",
    "multipart/form-data", "application/x-www-form-urlencoded", "application/pdf",
]  # fmt: skip
SIZES: list[Any] = [
    None, "", "1", True, False, 0, -1, 1.0, 0.5, -0.0, 1e3, [], {}, [1], "1 KB", -(2**63),
]  # fmt: skip
SUMS: list[Any] = [
    None, "", 1, True, [], {}, "0" * 63, "0" * 65, "g" * 64, "0" * 128, " " + "0" * 63,
    "0x" + "0" * 62, "\uff10" * 64, "0" * 64 + "\n",
]  # fmt: skip
QUERIES: list[dict[str, list[str]]] = [
    {"limit": ["0"]}, {"limit": ["101"]}, {"limit": ["-1"]}, {"limit": ["1.0"]}, {"limit": [""]},
    {"limit": ["ten"]}, {"limit": ["1e1"]}, {"limit": [" 1"]}, {"limit": ["+1"]},
    {"limit": ["٣"]}, {"limit": ["²"]}, {"limit": ["9" * 5000]}, {"limit": ["1", "2"]},
    {"limit": ["1", "1"]}, {"limit": ["1_0"]}, {"limit": ["0x1"]}, {"limit": ["1\n"]},
    {"kind": [""]}, {"kind": ["images"]}, {"kind": ["IMAGE"]}, {"kind": ["image", "table"]},
    {"kind": ["image,table"]}, {"kind": ["*"]}, {"status": [""]}, {"status": ["Failed"]},
    {"status": ["done"]}, {"status": ["failed", "failed"]}, {"status": ["all"]},
    {"cursor": [""]}, {"cursor": ["x"]}, {"cursor": ["=="]}, {"cursor": ["!"]}, {"cursor": ["ü"]},
    {"cursor": ["A" * 5000]}, {"cursor": ["MjAyNg"]}, {"cursor": ["//8"]}, {"cursor": ["a", "b"]},
    {"cursor": ["bnVsbA"]}, {"cursor": ["e30"]}, {"page": ["1"]}, {"Limit": ["1"]}, {"": [""]},
    {"limit ": ["1"]}, {"kind[]": ["image"]}, {"limit": ["1"], "offset": ["1"]},
]  # fmt: skip
KEYS = ["", " ", "a b", "ü", "x" * 256, "a\tb", "a\n"]
FILE_IDS = [
    "", "x", "1", "null", "*", "..", "status", "4F6C2A1E-95C4-4F4E-8F0F-0D7F6D1F2B11",
    "4f6c2a1e95c44f4e8f0f0d7f6d1f2b11", "{4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11}",
    "urn:uuid:4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11", "4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11 ",
    "4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b1", "4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11/x", "x" * 5000,
    "4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11",
]  # fmt: skip


def corpus() -> Iterator[Case]:
    for body in BODIES:
        yield f"body {body!r}", announce(body), 400
    for member, values in (
        ("filename", NAMES),
        ("content_type", CONTENT_TYPES),
        ("size", SIZES),
        ("sha256", SUMS),
    ):
        for value in values:
            yield f"{member} {value!r}"[:60], announce(GOOD | {member: value}), 400
    yield from _members()
    yield from _types_and_sizes()
    yield from _headers()
    for query in QUERIES:
        yield f"query {query}"[:60], proxy_event("GET", "/files", query=query), 400
    for file_id in FILE_IDS:
        path = {"file_id": file_id}
        yield f"id {file_id!r}"[:60], proxy_event("GET", "/files/{file_id}", path=path), 404
    for method in ("PUT", "DELETE", "PATCH"):
        yield method, proxy_event(method, "/files"), 404


def _members() -> Iterator[Case]:
    for member in GOOD:
        without = {name: value for name, value in GOOD.items() if name != member}
        yield f"no {member}", announce(without), 400
    for name in ("sha265", "kind", "Filename", "key", "", "x" * 300):
        yield f"unknown {name!r}"[:40], announce(GOOD | {name: "x"}), 400


def _types_and_sizes() -> Iterator[Case]:
    for name in UNSUPPORTED:
        yield f"unsupported {name!r}", announce(GOOD | {"filename": name}), 422
    for content_type in UNSUPPORTED_TYPES:
        yield f"unsupported {content_type}", announce(GOOD | {"content_type": content_type}), 422
    yield "a table as a picture", announce(GOOD | {"filename": "a.png"}), 422
    for size in (2 * MAX_BYTES + 1, 2**63, 10**300):
        yield f"size {size}"[:40], announce(GOOD | {"size": size}), 413
    picture = {"filename": "a.jpg", "content_type": "image/jpeg", "size": MAX_BYTES + 1}
    yield "a picture of a table's size", announce(picture), 413
    yield "a large body", announce(GOOD | {"x": "x" * 9000}), 413


def _headers() -> Iterator[Case]:
    for key in KEYS:
        yield f"key {key!r}"[:40], announce(GOOD, key), 400
    twice = announce(GOOD, "a")
    twice["multiValueHeaders"]["idempotency-key"] = ["b"]
    yield "two keys", twice, 400
    yield "no JSON", announce(GOOD) | {"multiValueHeaders": {"Content-Type": ["text/csv"]}}, 415


CASES = list(corpus())


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 200


@pytest.mark.parametrize(
    ("event", "status"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_bad_input_is_refused_and_nothing_is_written(
    account: FileAccount, event: dict[str, Any], status: int
) -> None:
    answered, problem = account.call(event)
    assert (answered, problem["status"]) == (status, status), problem
    assert problem["type"].startswith("urn:tap:problem:")
    assert problem["detail"]
    assert not account.cloud.table.items
    assert not account.cloud.storage.versions
    assert {operation for _, operation in account.cloud.calls} <= {"get_item"}


def test_a_problem_names_every_wrong_member(account: FileAccount) -> None:
    status, problem = account.call(announce({"filename": "a/b.csv", "size": 0, "sum": 1}))
    assert status == 400
    assert [error["member"] for error in problem["errors"]] == [
        "filename",
        "content_type",
        "size",
        "sum",
    ]


def test_a_problem_says_what_is_allowed(account: FileAccount) -> None:
    _, suffixes = account.call(announce(GOOD | {"filename": "a.gif"}))
    assert suffixes["allowed"] == [".jpg", ".jpeg", ".png", ".json", ".csv"]
    _, types = account.call(announce(GOOD | {"filename": "a.PNG"}))
    assert types["allowed"] == ["image/jpeg", "image/png"]
    _, limit = account.call(announce(GOOD | {"size": 10**9}))
    assert limit["max_bytes"] == 2 * MAX_BYTES
