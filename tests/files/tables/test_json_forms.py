"""Arrays, lines and single objects give one line a record with nothing in it changed; what is no
record is set aside or rejected, and said so.

Proves the cases by name; test_agrees_with_json.py searches for others.
"""

from __future__ import annotations

import io
import json

import pytest

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables import Limits, Outputs, Table, transform
from tests.files.tables.given import rejected, transformed

RECORDS = [{"a": 1, "b": "x"}, {"a": 2.5, "b": None}, {"c": [1, {"d": "}, {"}], "a": 3}]
FORMS = {
    "array": json.dumps(RECORDS),
    "indented array": json.dumps(RECORDS, indent=2),
    "windows array": json.dumps(RECORDS, indent=2).replace("\n", "\r\n"),
    "lines": "\n".join(map(json.dumps, RECORDS)),
    "windows lines": "\r\n".join([*map(json.dumps, RECORDS), "", ""]),
}


class Endless:
    """Goes on with the letter x for ever. total: bytes that were read."""

    def __init__(self, beginning: bytes) -> None:
        self._beginning = beginning
        self.total = 0

    def read(self, size: int, /) -> bytes:
        part, self._beginning = self._beginning or b"x" * size, b""
        self.total += len(part)
        return part


chunks = pytest.mark.parametrize("chunk_bytes", [1 << 20, 7, 1])


@chunks
@pytest.mark.parametrize("form", FORMS)
def test_arrays_and_lines_give_a_line_a_record(form: str, chunk_bytes: int) -> None:
    result = transformed(FORMS[form].encode(), "json", chunk_bytes=chunk_bytes)
    assert result.lines == RECORDS
    assert result.profile["form"] == form.rsplit(maxsplit=1)[-1]
    assert result.types == {"a": "number", "b": "text", "c": "array"}
    assert [column["nulls"] for column in result.columns.values()] == [0, 2, 2]
    assert (result.columns["a"]["min"], result.columns["a"]["max"]) == (1, 3)
    assert result.columns["a"]["distinct"] == {"count": 3, "exact": True}
    assert result.columns["c"]["distinct"] is None


@chunks
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_are_not_part_of_the_first_record(encoding: str, chunk_bytes: int) -> None:
    data = '{"a": "é"}'.encode(encoding)
    assert transformed(data, "json", chunk_bytes=chunk_bytes).lines == [{"a": "é"}]


@chunks
def test_a_single_object_over_several_lines_is_one_record(chunk_bytes: int) -> None:
    data = json.dumps(RECORDS[2], indent=1).encode()
    result = transformed(data, "json", chunk_bytes=chunk_bytes)
    assert result.lines == [RECORDS[2]]
    assert result.profile["form"] == "object"


def test_no_number_key_or_escape_is_written_anew() -> None:
    record = b'{"n":12345678901234567890123,"f":0.1000,"e":1e400,"s":"\\u00e9\\/","z":-0}'
    result = transformed(b"[" + record + b", " + record + b"]", "json")
    assert result.raw_lines == (record + b"\n") * 2
    assert result.columns["e"]["max"] == "1E+400"
    assert result.columns["n"]["type"] == "integer"


def test_columns_of_different_types_are_mixed() -> None:
    data = b'{"a":1,"b":true,"c":{}}\n{"a":"1","b":false,"c":null}\n{"a":true,"d":null}'
    result = transformed(data, "json")
    assert result.types == {"a": "mixed", "b": "boolean", "c": "object", "d": "null"}
    assert result.columns["a"]["distinct"] == {"count": 3, "exact": True}
    assert result.columns["b"]["distinct"] == {"count": 2, "exact": True}
    assert result.columns["d"]["nulls"] == 3


def test_an_empty_array_is_an_empty_table() -> None:
    assert transformed(b" [ ] ", "json").profile["rows"] == 0
    assert transformed(b"{}", "json").lines == [{}]


@chunks
def test_elements_that_are_no_objects_are_set_aside(chunk_bytes: int) -> None:
    data = b'[1, {"a": 1}, "x", null, [2], true, 1.5]'
    result = transformed(data, "json", chunk_bytes=chunk_bytes)
    assert result.lines == [{"a": 1}]
    assert result.bad == [
        ["record", "problem", "cells"],
        ["1", "a number instead of an object", "1"],
        ["3", "text instead of an object", '"x"'],
        ["4", "null instead of an object", "null"],
        ["5", "an array instead of an object", "[2]"],
        ["6", "true or false instead of an object", "true"],
        ["7", "a number instead of an object", "1.5"],
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"a": NaN}', "JSON is malformed: invalid character (byte 6)"),
        (b'{"a": 1,}', "JSON is malformed"),
        (b'{"a": 1', "JSON is truncated"),
        (b'{"a": 1} {"a": 2}', "JSON is malformed: trailing characters"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' twice in one object"),
        (b'{"a" :1, "a"\t: 2}', "the key 'a' twice in one object"),
        (b'{"a": 1, "\\u0061": ":"}', "the key 'a' twice in one object"),
        (b'{"a": "\xff"}', "bytes that are not UTF-8"),
        (b'{"a": "\\ud800"}', "JSON is"),
        (b'{"a": "\\ud800\\u0041"}', "JSON is malformed: invalid utf-16 surrogate pair"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "objects and lists are nested too deep"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "objects and lists are nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Integer value out of range"),
        (b'{"a": 1e9999999999999999999}', "a number with an exponent of more than 18"),
        (b'{"a": [-1E+1000000000000000000]}', "a number with an exponent of more than 18"),
    ],
)
def test_lines_that_cannot_be_read_are_set_aside(line: bytes, problem: str) -> None:
    result = transformed(b'{"a": "x:y"}\n\n' + line + b'\n{"a": 3}\n', "json")
    assert result.lines == [{"a": "x:y"}, {"a": 3}]
    assert result.bad[1][0] == "3"
    assert result.bad[1][1].startswith(problem)
    assert result.profile["rejected_rows"] == 1


def test_colons_in_texts_make_no_key_doubled() -> None:
    record = {"a": 'x":1', "b": " : ", "c": {"a": [{"a": ":"}]}, "d:": "\n:"}
    assert transformed(json.dumps([record] * 3).encode(), "json").lines == [record] * 3


def test_objects_nested_to_the_limit_are_read() -> None:
    data = b'{"a":' * 64 + b"1" + b"}" * 64
    assert transformed(data, "json").profile["rows"] == 1


@chunks
@pytest.mark.parametrize(
    "data",
    [
        b'[{"a":1},]',
        b'[,{"a":1}]',
        b'[ ,{"a":1},{"a":1}]',
        b'[{"a":1},,{"a":1}]',
        b'[{"a":1}{"a":2}]',
        b'[{"a":1},{"a":2}',
        b'[{"a":1},{"a":2',
        b'[{"a":1}] x',
        b'[{"a":1}],[{"a":2}]',
        b'[{"a":1}}',
        b'[{"a":NaN}]',
        b"[",
    ],
)
def test_an_array_that_is_no_json_is_rejected(data: bytes, chunk_bytes: int) -> None:
    assert rejected(data, "json", chunk_bytes=chunk_bytes).startswith("malformed-json: From record")


def test_hostile_nesting_is_rejected() -> None:
    assert rejected(b"[" * 100_000, "json").startswith("too-deep")
    assert rejected(b'{"a":' * 100_000, "json").startswith("no-good-rows")


@pytest.mark.parametrize(
    "data", [b'{"a":"%s"}', b'[{"a":"%s"}]', b'{"b":1}\n{"a":"%s"}', b'["%s"]']
)
def test_a_record_that_is_too_long_is_rejected_before_it_ends(data: bytes) -> None:
    before, _ = data.split(b"%s")
    read = Endless(before)
    with pytest.raises(RejectedError) as error:
        transform(Table(lambda: read, "json"), Outputs(io.BytesIO(), None, io.BytesIO()), Limits())
    assert error.value.reason == "record-too-long"
    assert read.total < 4 * Limits().max_row_bytes


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"hello", "no-good-rows"),
        (b'"x"', "no-good-rows: No row can be read; the first is line 1: text instead of"),
        (b"[[1],[2]]", "no-good-rows: No row can be read; the first is record 1: an array"),
        ('{"a":"é"}'.encode("latin-1"), "no-good-rows"),
    ],
)
def test_what_holds_no_record_is_rejected(data: bytes, reason: str) -> None:
    assert rejected(data, "json").startswith(reason)


def test_too_many_keys_are_rejected() -> None:
    data = b'{"a":1}\n{"b":1}\n{"c":1}'
    assert transformed(data, "json", max_columns=3).profile["rows"] == 3
    reason = rejected(data, "json", max_columns=2)
    assert reason == "too-many-columns: The records have more than 2 keys."
