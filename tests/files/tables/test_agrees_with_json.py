"""Whatever the records and chunks, the lines are what Python's `json` reads; and what it refuses is
never accepted.

Searches with Hypothesis, the same examples each time. What `json` accepts and JSON does not (NaN,
lone surrogates, doubled keys) is refused by name in test_json_forms.py.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.files.runtime.rejection import RejectedError
from tests.files.tables.given import transformed

SEARCH = settings(max_examples=120, deadline=None, derandomize=True)

_TEXT = st.text(
    st.one_of(st.sampled_from('"\\{}[],: \n'), st.characters(exclude_categories=["Cs"])), max_size=8
)
_SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
)
_VALUE = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_RECORDS = st.lists(st.dictionaries(_TEXT, _VALUE, max_size=4), min_size=1, max_size=8)
_CHUNK = st.one_of(st.integers(1, 30), st.just(1 << 20))
_FRAGMENTS = [
    '{"a":1}',
    "{}",
    '{"b":[{"c":"},{"}]}',
    ",",
    "[",
    "]",
    "{",
    "}",
    '"',
    ":",
    " ",
    "\n",
    "1",
]


@SEARCH
@given(_RECORDS, st.sampled_from([None, 0, 2]), st.booleans(), _CHUNK)
def test_any_array_gives_its_records(
    records: list[dict[str, Any]], indent: int | None, ascii_only: bool, chunk: int
) -> None:
    text = json.dumps(records, indent=indent, ensure_ascii=ascii_only)
    result = transformed(text.encode(), "json", chunk_bytes=chunk)
    assert result.lines == records
    _check_profile(result.columns, records)


@SEARCH
@given(_RECORDS, st.booleans(), _CHUNK)
def test_any_lines_give_their_records(
    records: list[dict[str, Any]], ascii_only: bool, chunk: int
) -> None:
    text = "\n".join(json.dumps(record, ensure_ascii=ascii_only) for record in records)
    assert transformed(text.encode(), "json", chunk_bytes=chunk).lines == records


@settings(parent=SEARCH, max_examples=600)
@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=10).map("".join), st.integers(1, 12))
@example('{"a":1},{"a":1}]', 8)
@example('{"a":1},]', 1)
def test_nothing_is_accepted_that_json_refuses(text: str, chunk: int) -> None:
    text = "[" + text
    try:
        result = transformed(text.encode(), "json", chunk_bytes=chunk)
    except RejectedError:
        return
    values = json.loads(text)
    assert result.lines == [value for value in values if isinstance(value, dict)]
    assert result.profile["rejected_rows"] == len(values) - len(result.lines)


def _check_profile(columns: dict[str, Any], records: list[dict[str, Any]]) -> None:
    for name in {name for record in records for name in record}:
        values = [record[name] for record in records if record.get(name) is not None]
        assert columns[name]["nulls"] == len(records) - len(values)
        if columns[name]["type"] in ("integer", "number", "text"):
            assert columns[name]["min"] == min(values)
            assert columns[name]["max"] == max(values)
