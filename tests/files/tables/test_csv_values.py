"""What cells become: numbers only where nothing changes, null where there is nothing; and what the
profile says of them.

Does not prove speed, nor that types hold for every text: test_agrees_with_csv.py looks for texts
that a number would change.
"""

from __future__ import annotations

import pytest

from services.files.runtime.tables.distinct import Budget, Distinct
from services.files.runtime.tables.limits import Limits
from tests.files.tables.given import rejected, transformed


@pytest.mark.parametrize(
    "text",
    [
        "007",
        "1234567890123456789",
        "9007199254740992",
        "1e400",
        "0.1000",
        "+1",
        "-0",
        "1.",
        ".5",
        " 1",
        "1_000",
        "1,000",
        "0x10",
        "NaN",
        "inf",
        "１２",  # noqa: RUF001
        "[1]",
        "true",
        "0.12345678901234567890",
    ],
)
def test_a_number_that_would_change_keeps_the_column_text(text: str) -> None:
    result = transformed(f'a;b\n"{text}";1\n2;2\n'.encode())
    assert result.types == {"a": "text", "b": "integer"}
    assert [row["a"] for row in result.lines] == [text, "2"]
    assert result.lines == result.parquet


def test_numbers_that_stay_what_they_are_become_numbers() -> None:
    cells = ["0", "-1", "1.5", "-0.25", "1e-07", "0.00001", "1e+22", "", "9007199254740991"]
    result = transformed("".join(f"{cell},x\n" for cell in ["n", *cells]).encode())
    assert result.types["n"] == "number"
    assert [row["n"] for row in result.lines] == [float(cell) if cell else None for cell in cells]
    assert result.lines == result.parquet


def test_whole_numbers_become_integers_everywhere() -> None:
    result = transformed(b"n\n1\n-20\n\n300\n")
    assert result.raw_lines == b'{"n":1}\n{"n":-20}\n{"n":300}\n'
    assert all(type(row["n"]) is int for row in result.parquet)


def test_one_late_word_makes_the_whole_column_text() -> None:
    result = transformed(b"a,b\n" + b"1,2\n" * 5000 + b"x,2\n", chunk_bytes=1000)
    assert result.types == {"a": "text", "b": "integer"}
    assert {type(row["a"]) for row in result.lines + result.parquet} == {str}


def test_a_cell_without_characters_is_null() -> None:
    result = transformed(b'a,b,c\n1,,x\n2,"",\n')
    assert result.lines == result.parquet
    assert result.lines == [{"a": 1, "b": None, "c": "x"}, {"a": 2, "b": None, "c": None}]
    assert [each["nulls"] for each in result.columns.values()] == [0, 2, 1]


def test_the_profile_tells_rows_extremes_and_distinct_values() -> None:
    result = transformed("n,t,e\n10,b,\n9,a,\n10,é,\n".encode())
    assert result.columns["n"] == {
        "name": "n",
        "source": "n",
        "type": "integer",
        "rows": 3,
        "nulls": 0,
        "min": 9,
        "max": 10,
        "distinct": {"count": 2, "exact": True},
    }
    assert (result.columns["t"]["min"], result.columns["t"]["max"]) == ("a", "é")
    assert result.columns["e"]["type"] == "text"
    assert result.columns["e"]["min"] is None


def test_distinct_values_are_exact_to_the_limit_then_estimated_and_said_so() -> None:
    data = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number % 50) for number in range(30_000))
    columns = transformed(data, chunk_bytes=10_000, max_distinct=2000).columns
    assert columns["b"]["distinct"] == {"count": 50, "exact": True}
    assert columns["a"]["distinct"]["exact"] is False
    assert columns["a"]["distinct"]["count"] == pytest.approx(30_000, rel=0.1)


def test_estimates_are_the_same_each_time_and_however_values_come() -> None:
    texts = [f"value {number}" * (number % 9) for number in range(5000)]
    one, other = (Distinct(Budget(Limits(max_distinct=100), 1)) for _ in range(2))
    one.add(texts)
    for text in texts:
        other.add([text, text])
    assert one.count == other.count
    assert not one.is_exact


def test_long_values_are_told_apart_without_being_kept() -> None:
    data = b"a,b\n" + b"".join(b"x" * 5000 + b"%d,1\n" % (number % 7) for number in range(20))
    assert transformed(data).columns["a"]["distinct"] == {"count": 7, "exact": True}


def test_too_many_columns_are_rejected() -> None:
    reason = rejected(b"a,b,c\n1,2,3\n", max_columns=2)
    assert reason == "too-many-columns: The header has 3 columns, over 2."


def test_a_file_that_is_too_long_is_rejected() -> None:
    assert transformed(b"a\n1\n", max_bytes=4).lines == [{"a": 1}]
    assert rejected(b"a\n12\n", max_bytes=4).startswith("too-many-bytes")


def test_row_groups_stay_small_where_rows_are_long() -> None:
    data = b"a,b\n" + b"1,2\n" * 3000 + b"".join(b"x" * 900 + b",%d\n" % row for row in range(300))
    limits = {"chunk_bytes": 2000, "group_bytes": 20_000}
    result = transformed(data, **limits)
    assert result.lines == result.parquet
    assert rejected(data, **limits, max_groups=5).startswith("rows-too-uneven")
