"""Bodies that two parsers could read differently are refused, and the place is the right one.

Proved for hand-picked bodies, and by generated objects that everything else is let through as is.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.runtime.problems import InvalidJsonError
from services.common.runtime.strict_json import MAX_DEPTH, parse_object

JSON_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | JSON_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(JSON_TEXT, inner),
    max_leaves=20,
)  # fmt: skip


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@settings(deadline=None)  # it is about results; the machine may be busy
@given(st.dictionaries(JSON_TEXT, JSON_VALUES), st.booleans())
def test_every_ordinary_object_is_understood(value: dict[str, object], ascii_only: bool) -> None:
    assert parse_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("body", "line", "column", "reason"),
    [
        (b"", 1, 1, "Expecting value"),
        (b"  [1]", 1, 3, "Expected an object"),
        (b'"text"', 1, 1, "Expected an object"),
        (b'{"a":1}\n{"b":2}', 2, 1, "Extra data"),
        (b'{"a":1,}', 1, 8, ""),
        (b"{'a':1}", 1, 2, "Expecting property name"),
        (b'{"a":01}', 1, 7, "Expecting"),
        (b'{"a":"\x01"}', 1, 7, "Invalid control character"),
        (b'{"a":\n NaN}', 2, 2, "NaN is not JSON"),
        (b'{"a":["NaN", Infinity]}', 1, 14, "Infinity is not JSON"),
        (b'{"a":-Infinity}', 1, 6, "-Infinity is not JSON"),
        (b'{"a":1e999}', 1, 6, "Number out of range"),
        (b'{"a":"1e999","b":-1.5e999}', 1, 18, "Number out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", 1, 6, "Number out of range"),
        (b'{"a":[1,' + b"9" * 309 + b"]}", 1, 9, "Number out of range"),
        (b'{"a":-1' + b"0" * 400 + b"}", 1, 6, "Number out of range"),
        (b'{"a":1,"b":{"a":2},\n"\\u0061":3}', 2, 1, "Repeated member name"),
        (b'{"a":"a","b":["a","a"],"c":{"x":1,"x":2}}', 1, 35, "Repeated member name"),
        (b'{"a":"\\ud83d\\ude00","b":"\\ud83d"}', 1, 25, "Lone surrogate"),
        (b'{"\\uDE00":1}', 1, 2, "Lone surrogate"),
        (b"\xef\xbb\xbf{}", 1, 1, "Byte order mark"),
        (b'{"a":\n"\xc3\xbc\xff"}', 2, 3, "Not UTF-8"),
        ('{"a":1}'.encode("utf-16"), 1, 1, "Not UTF-8"),
        (nested(MAX_DEPTH + 1), 1, MAX_DEPTH + 5, "Nesting deeper"),
        (nested(100_000), 1, MAX_DEPTH + 5, "Nesting deeper"),
    ],
)
def test_a_strange_body_is_refused_at_its_place(
    body: bytes, line: int, column: int, reason: str
) -> None:
    with pytest.raises(InvalidJsonError) as refusal:
        parse_object(body)
    detail = str(refusal.value.detail)
    assert reason in detail
    assert f"line {line}, column {column}" in detail
    position = refusal.value.extensions["position"]
    assert isinstance(position, dict)
    assert (position["line"], position["column"]) == (line, column)


@pytest.mark.parametrize(
    "body",
    [
        nested(MAX_DEPTH),
        b'{"a":"' + b"[" * 200 + b'"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\\\ud83d"}',
        b'{"a":"' + b"9" * 400 + b'","b":1' + b"0" * 308 + b"}",
        b'{"a":1e308,"b":-0.0,"c":' + b"9" * 300 + b"}",
        b'{"a":["a","a"],"b":{"a":1},"":{"":{}}}',
        b'{"a":{},"b":{"c":[]},"d":1}',
    ],
)
def test_unusual_but_clear_bodies_are_let_through(body: bytes) -> None:
    assert parse_object(body) == json.loads(body)
