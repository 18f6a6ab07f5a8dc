"""Rows that cannot be read are set aside with their line, to a limit; and what is offered for a
spreadsheet runs no formula.

Does not prove how any one spreadsheet reads the file; the signs are those of OWASP's "CSV
Injection".
"""

from __future__ import annotations

import io

import pytest

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables import Limits, Outputs, Table, transform
from services.files.runtime.tables.neutral import neutralised
from tests.files.tables.given import rejected, transformed


@pytest.mark.parametrize("chunk_bytes", [1 << 20, 5])
def test_ragged_rows_are_set_aside_with_their_lines(chunk_bytes: int) -> None:
    data = b'a,b\n1,2\n"x\ny",3\n4\n\n5,6,7\n8,9\n'
    result = transformed(data, chunk_bytes=chunk_bytes)
    assert [list(row.values()) for row in result.lines] == [["1", 2], ["x\ny", 3], ["8", 9]]
    assert result.lines == result.parquet
    assert result.bad == [
        ["line", "problem", "cells"],
        ["5", "1 fields instead of 2", "4"],
        ["7", "3 fields instead of 2", "5", "6", "7"],
    ]
    assert (result.profile["rows"], result.profile["rejected_rows"]) == (3, 2)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_are_counted_as_an_editor_does(end: bytes) -> None:
    lines = [b"a,b", b"1,2", b'"x', b'y",3', b"", b"bad", b"4,5"]
    result = transformed(end.join(lines), chunk_bytes=3)
    assert [row[0] for row in result.bad[1:]] == ["6"]


@pytest.mark.parametrize("chunk_bytes", [1 << 20, 5])
def test_rows_that_cannot_be_decoded_are_set_aside(chunk_bytes: int) -> None:
    data = "é,ü\n1,2\n".encode() + b"\xff\xfe,3\nx,y\n\xc3,\n"
    result = transformed(data, charset="utf-8", chunk_bytes=chunk_bytes)
    assert [row["ü"] for row in result.lines] == ["2", "y"]
    assert [row[0] for row in result.bad[1:]] == ["3", "5"]
    assert result.bad[1][2] == "\N{REPLACEMENT CHARACTER}" * 2


def test_halves_of_characters_in_utf_16_are_set_aside() -> None:
    data = "a,b\n1,2\n\ud800,3\n4,5".encode("utf-16", "surrogatepass") + b"\0"
    result = transformed(data)
    assert result.lines == [{"a": 1, "b": 2}]
    assert [row[0] for row in result.bad[1:]] == ["3", "4"]


def test_a_header_that_cannot_be_decoded_is_rejected() -> None:
    reason = rejected(b"a,\xff\n1,2\n", charset="utf-8")
    assert reason == "undecodable-header: The header on line 1 cannot be decoded."


def test_beyond_the_limit_the_file_is_rejected_before_anything_is_written() -> None:
    data = b"a,b\n1,2\n" + b"3\n" * 3
    assert transformed(data, max_bad_rows=3).profile["rejected_rows"] == 3
    sinks = [io.BytesIO() for _ in range(3)]
    with pytest.raises(RejectedError) as error:
        transform(Table(lambda: io.BytesIO(data), "csv"), Outputs(*sinks), Limits(max_bad_rows=2))
    assert error.value.reason == "too-many-bad-rows"
    assert "the first is line 3: 1 fields instead of 2" in error.value.detail
    assert not any(sink.getvalue() for sink in sinks)


def test_a_file_of_bad_rows_alone_is_rejected() -> None:
    assert rejected(b"a,b\n1\n").startswith("no-good-rows: No row can be read; the first is line 2")


def test_an_open_quote_is_named_by_its_line() -> None:
    data = b'a,b\n1,2\n"3,4\n' + b"5,6\n" * 50_000
    reason = rejected(data, max_row_bytes=1000, chunk_bytes=500)
    assert reason.startswith("row-too-long: The row that begins on line 3")


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\rx",
        "\nx",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\u3000＝1",  # noqa: RUF001
        "＋1",  # noqa: RUF001
        "－1+1",  # noqa: RUF001
        "＠x",  # noqa: RUF001
        "-2+3+cmd|' /C calc'!A0",
        "--1",
        "-",
    ],
)
def test_cells_that_would_run_as_formulas_become_text(cell: str) -> None:
    assert neutralised(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-1", "-1.5", "-1,234.50", "-1e-5", "", "x=1", "1-1", "'", " x"])
def test_numbers_and_other_text_are_left_alone(cell: str) -> None:
    assert neutralised(cell) == cell


def test_rows_that_are_set_aside_are_neutralised() -> None:
    result = transformed(b'a,b\n1,2\n=cmd(),"-3",x\n')
    assert result.bad[1][2:] == ["'=cmd()", "-3", "x"]


def test_what_a_sink_or_a_source_raises_is_passed_on() -> None:
    class Full(io.BytesIO):
        def write(self, _data: object, /) -> int:
            raise OSError("the disk is full")

    sinks = (io.BytesIO(), Full(), io.BytesIO())
    for outputs in (Outputs(*sinks), Outputs(sinks[1], sinks[0], sinks[2])):
        with pytest.raises(OSError, match="the disk is full"):
            transform(Table(lambda: io.BytesIO(b"a\n1\n"), "csv"), outputs, Limits())
