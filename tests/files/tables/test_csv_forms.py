"""Every form in which CSV comes gives the same rows: encodings, delimiters, quotes, line breaks.

Proves the cases by name, each at chunks of a megabyte and of a few bytes. That all other texts are
read as Python's `csv` reads them is for test_agrees_with_csv.py.
"""

from __future__ import annotations

import codecs

import pytest

from tests.files.tables.given import rejected, transformed

WORDS = "name,town\nZoë,Łódź\nJosé,Zürich\n"
WESTERN = "name,town\nZoë,Zürich\nJosé,€5\n"
ROWS = [{"name": "Zoë", "town": "Łódź"}, {"name": "José", "town": "Zürich"}]
WESTERN_ROWS = [{"name": "Zoë", "town": "Zürich"}, {"name": "José", "town": "€5"}]

pytestmark = pytest.mark.parametrize("chunk_bytes", [1 << 20, 7, 1])


@pytest.mark.parametrize(
    ("data", "encoding", "decided_by"),
    [
        (WORDS.encode(), "utf-8", "content"),
        (codecs.BOM_UTF8 + WORDS.encode(), "utf-8", "mark"),
        (codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"), "utf-16-le", "mark"),
        (codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"), "utf-16-be", "mark"),
        (WORDS.encode("utf-16-le"), "utf-16-le", "content"),
        (WORDS.encode("utf-16-be"), "utf-16-be", "content"),
    ],
)
def test_unicode_is_recognised_by_its_mark_or_its_zeros(
    data: bytes, encoding: str, decided_by: str, chunk_bytes: int
) -> None:
    result = transformed(data, chunk_bytes=chunk_bytes)
    assert result.lines == result.parquet == ROWS
    assert result.profile["encoding"] == {"name": encoding, "decided_by": decided_by}


@pytest.mark.parametrize("declared", ["ISO-8859-1", "latin1", "windows-1252", None, "us-ascii"])
def test_latin_1_is_read_as_declared_or_found_out(declared: str | None, chunk_bytes: int) -> None:
    data = WESTERN.encode("cp1252")
    result = transformed(data, charset=declared, chunk_bytes=chunk_bytes)
    assert result.lines == WESTERN_ROWS
    assert result.profile["encoding"]["name"] == "windows-1252"


def test_a_mark_outweighs_the_declaration(chunk_bytes: int) -> None:
    data = codecs.BOM_UTF8 + WORDS.encode()
    assert transformed(data, charset="latin1", chunk_bytes=chunk_bytes).lines == ROWS


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16BE"])
def test_utf_16_is_read_as_declared(declared: str, chunk_bytes: int) -> None:
    data = "é,ß\n€,2\n".encode("utf-16-be" if declared.endswith("BE") else "utf-16-le")
    assert transformed(data, charset=declared, chunk_bytes=chunk_bytes).lines == [
        {"é": "€", "ß": 2}
    ]


def test_a_charset_nobody_knows_is_rejected(chunk_bytes: int) -> None:
    reason = rejected(b"a\n1\n", charset="ebcdic", chunk_bytes=chunk_bytes)
    assert reason.startswith("unsupported-charset: The charset 'ebcdic' is not one of")
    utf_32 = codecs.BOM_UTF32_LE + "a\n1\n".encode("utf-32-le")
    assert rejected(utf_32, chunk_bytes=chunk_bytes).startswith("unsupported-charset")


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_the_delimiter_is_found(delimiter: str, chunk_bytes: int) -> None:
    data = "a,b\n1,2\n3,4\n".replace(",", delimiter).encode()
    result = transformed(data, chunk_bytes=chunk_bytes)
    assert result.lines == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert result.profile["delimiter"] == delimiter


def test_the_delimiter_is_found_among_decimal_commas(chunk_bytes: int) -> None:
    result = transformed(b"price;tax\n1,50;0,3\n2,50;0,5\n", chunk_bytes=chunk_bytes)
    assert result.lines[0] == {"price": "1,50", "tax": "0,3"}


def test_a_quoted_field_after_any_sample_is_read(chunk_bytes: int) -> None:
    plain = b"1;2\n" * (40_000 if chunk_bytes > 1000 else 100)
    result = transformed(b"a;b\n" + plain + b'"x;\n""y""";3\n', chunk_bytes=max(chunk_bytes, 7))
    assert result.lines[-1] == {"a": 'x;\n"y"', "b": 3}


def test_line_breaks_in_quotes_belong_to_fields_and_headers(chunk_bytes: int) -> None:
    data = b'"first\nname","b\r\nc"\r\n"x\r\ny","\n"\r\n"",2\r\n'
    result = transformed(data, chunk_bytes=chunk_bytes)
    assert result.lines == result.parquet
    assert result.lines == [
        {"first\nname": "x\r\ny", "b\r\nc": "\n"},
        {"first\nname": None, "b\r\nc": "2"},
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_every_line_break_ends_a_row(end: str, last: str, chunk_bytes: int) -> None:
    data = end.join(["a,b", "1,2", "", "3,4"]) + (end if last else "")
    result = transformed(data.encode(), chunk_bytes=chunk_bytes)
    assert result.lines == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_a_long_field_is_read_whole(chunk_bytes: int) -> None:
    field = "0123456789" * 20_000
    result = transformed(f'a,b\n"{field}",x\n'.encode(), chunk_bytes=max(chunk_bytes, 4096))
    assert result.lines == result.parquet == [{"a": field, "b": "x"}]
    assert len(result.columns["a"]["max"]) == 200


def test_nul_and_odd_characters_are_text(chunk_bytes: int) -> None:
    data = "a\0a,b\nx\0y,\u2028\x0b\x85\n\0,\ufeff\n\ufeff,1\n".encode()
    result = transformed(data, chunk_bytes=chunk_bytes)
    assert result.lines == result.parquet
    assert [list(row.values()) for row in result.lines] == [
        ["x\0y", "\u2028\x0b\x85"],
        ["\0", "\ufeff"],
        ["\ufeff", "1"],
    ]


def test_white_space_stays_in_cells_and_leaves_names(chunk_bytes: int) -> None:
    result = transformed(b" a , b\n 1 ,\t\n", chunk_bytes=chunk_bytes)
    assert result.lines == [{"a": " 1 ", "b": "\t"}]
    assert result.columns["a"]["source"] == " a "


def test_a_quote_within_a_field_is_text(chunk_bytes: int) -> None:
    data = b'size,b\n5" disk,1\n3.5" disk,2\n"x"y,"z"\n'
    assert [row["size"] for row in transformed(data, chunk_bytes=chunk_bytes).lines] == [
        '5" disk',
        '3.5" disk',
        "xy",
    ]


def test_a_header_alone_gives_an_empty_table(chunk_bytes: int) -> None:
    for data in (b"a,b", b"a,b\n", b"\r\na,b\r\n\r\n"):
        result = transformed(data, chunk_bytes=chunk_bytes)
        assert (result.lines, result.parquet, result.profile["rows"]) == ([], [], 0)
        assert result.types == {"a": "text", "b": "text"}


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8, b"\n\r\n", codecs.BOM_UTF16_LE])
def test_an_empty_file_is_rejected(data: bytes, chunk_bytes: int) -> None:
    assert rejected(data, chunk_bytes=chunk_bytes).startswith("empty")


def test_names_that_are_empty_or_doubled_become_different(chunk_bytes: int) -> None:
    result = transformed(b"a,a,,a_2,column_3\n1,2,3,4,5\n", chunk_bytes=chunk_bytes)
    assert list(result.lines[0].values()) == [1, 2, 3, 4, 5]
    assert list(result.columns) == ["a", "a_3", "column_3_2", "a_2", "column_3"]
    assert [each["source"] for each in result.columns.values()][:3] == ["a", "a", ""]
