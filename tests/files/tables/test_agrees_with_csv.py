"""Whatever the text, encoding and chunks, rows are as Python's `csv` has them; no value changes.

Searches with Hypothesis, the same examples each time. The delimiter is taken from the result: which
one is right is a matter of convention, and proved by name in test_csv_forms.py.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables import engine
from services.files.runtime.tables.plain import is_plain, last_row_end
from tests.files.tables.given import check_values, transformed

SEARCH = settings(max_examples=600, deadline=None, derandomize=True)

# What decides structure comes often, what encodings differ in sometimes.
_TEXT = st.text(alphabet='"",,\n\n\r;ab 1', max_size=40)
_WILD = st.text(alphabet='"",,\n\n\r;\t|a1 -.e\0\ufeffé€\u2028', max_size=60)
_NUMBER = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.from_regex(r"[-+ ]?0?[0-9]{0,3}(\.[0-9]{0,4})?(e[-+]?0?[0-9]{1,3})?", fullmatch=True),
)
_CELL = st.one_of(_NUMBER, st.text(alphabet='", \nab\té', max_size=6), st.just(""))
_CHUNK = st.one_of(st.integers(1, 12), st.just(1 << 20))
_ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"]


def rows_by_csv(text: str, delimiter: str) -> list[list[str]]:
    """The rows that have fields, as `csv.DictReader` counts them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [row for row in reader if row]


def whole(text: str) -> bytes:
    return text.encode() + b"\n"


@SEARCH
@given(_TEXT.map(whole))
@example(b'"a""b"\n')
@example(b'""""\n')
@example(b'"""a,"",b"""\n')
@example(b'a""",b,"""c\n')
@example(b'"","a""","b"\n')
@example(b'""a,b\n')
@example(b'"a"\n"b",""\n')
def test_what_is_plain_is_read_by_the_engine_as_by_csv(data: bytes) -> None:
    end = last_row_end(data)
    if not is_plain(data[:end], b","):
        return
    expected = rows_by_csv(data[:end].decode(), ",")
    columns = len(expected[0]) if expected else 1
    batches = engine.parse(data[:end], engine.text_schema(columns), ",", data.count(b"\n"))
    if any(len(row) != columns for row in expected):
        assert batches is None
    else:
        assert batches is not None
        assert [[cell or "" for cell in row] for row in _cells(batches)] == expected


def _cells(batches: list[Any]) -> list[list[str | None]]:
    return [list(row.values()) for each in batches for row in each.to_struct_array().to_pylist()]


@settings(parent=SEARCH, max_examples=300)
@given(_WILD, st.sampled_from(_ENCODINGS), _CHUNK)
@example("a\n\ufeff\n", "utf-8", 1 << 20)
@example('a\n"\n', "utf-8", 2)
@example("a\r\rb\r", "utf-8", 2)
@example('a,b\n"x"y,"z', "utf-8", 3)
# Every other quote looks like one that opens or closes, and none does: cut in the wrong place.
@example('h,i\na"b,",c\nd",2\n', "utf-8", 12)
@example('h,i\na,"b\nc"x,1"\n2,"\n"\n', "utf-8", 9)
def test_any_text_gives_the_rows_of_csv(text: str, encoding: str, chunk: int) -> None:
    if encoding == "windows-1252":
        text = text.encode("cp1252", "ignore").decode("cp1252")
    elif encoding != "utf-8-sig":
        # Another mark, and NUL after the one of UTF-16, which makes it that of UTF-32.
        text = text.lstrip("\ufeff\0")
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    data = (mark + text).encode("cp1252" if encoding == "windows-1252" else encoding)
    declared = None if mark else encoding.removesuffix("-sig")
    check(text, data, declared, chunk)


@settings(parent=SEARCH, max_examples=150)
@given(
    st.lists(st.lists(_CELL, min_size=2, max_size=3), min_size=1, max_size=12),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(",;\t|"),
    _CHUNK,
)
def test_any_table_gives_the_rows_of_csv(
    rows: list[list[str]], quoting: Any, end: str, delimiter: str, chunk: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator=end, delimiter=delimiter)
    writer.writerows(rows)
    check(out.getvalue(), out.getvalue().encode(), "utf-8", chunk)


def check(text: str, data: bytes, declared: str | None, chunk: int) -> None:
    """Compares with `csv`, whatever delimiter was found."""
    try:
        result = transformed(data, charset=declared, chunk_bytes=chunk)
    except RejectedError as error:
        _check_rejection(error, text)
        return
    header, *rows = rows_by_csv(text, result.profile["delimiter"])
    good = [row for row in rows if len(row) == len(header)]
    assert len(result.columns) == len(header)
    assert result.profile["rows"] == len(good)
    assert result.profile["rejected_rows"] == len(rows) - len(good)
    assert result.lines == result.parquet
    check_values(result, good)


def _check_rejection(error: RejectedError, text: str) -> None:
    if error.reason == "empty":
        assert not rows_by_csv(text, ",")
        return
    assert error.reason == "no-good-rows"
    found = [rows_by_csv(text, delimiter) for delimiter in ",;\t|"]
    assert any(all(len(row) != len(rows[0]) for row in rows[1:]) for rows in found)
