"""Tables that nobody here made are read as their authors, or Python's `csv` and `json`, read them.

csv-spectrum says what its tables hold; Papa Parse has hard ones and long ones; Vega's datasets are
real data of up to ten megabytes. `scripts/corpus-tables` fetches them by hash.
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.files.runtime.rejection import RejectedError
from tests.files.tables.given import Result, check_values, transformed

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGES = REPOSITORY / ".build" / "corpus" / "tables" / "node_modules"
SPECTRUM = PACKAGES / "csv-spectrum"
# Enough to say something, little enough to be quick: the longer ones add no new forms.
LONGEST = 500_000
# The telephone number that csv-spectrum expects here is not the one in its table.
MISTAKEN = {"location_coordinates": "Contact Phone Number"}
NAMES = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "location_coordinates",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


@pytest.fixture(scope="module", autouse=True)
def _corpus() -> None:
    subprocess.run([REPOSITORY / "scripts" / "corpus-tables"], check=True)


def tables(suffix: str) -> Iterator[tuple[str, bytes]]:
    """Path and content of every table in the packages."""
    for package in ("papaparse/tests", "vega-datasets/data"):
        for path in sorted((PACKAGES / package).glob(f"*.{suffix}")):
            if path.stat().st_size <= LONGEST:
                yield str(path.relative_to(PACKAGES)), path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chunk_bytes", [1 << 20, 5])
def test_csv_spectrum_is_read_as_its_authors_say(name: str, chunk_bytes: int) -> None:
    expected = json.loads((SPECTRUM / "json" / f"{name}.json").read_bytes())
    data = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes()
    result = transformed(data, chunk_bytes=chunk_bytes)
    rows, expected = _as_text(result), expected if isinstance(expected, list) else [expected]
    for row in [*rows, *expected]:
        row.pop(MISTAKEN.get(name, ""), None)
    assert rows == expected
    assert result.lines == result.parquet


def test_all_tables_of_csv_spectrum_are_known_here() -> None:
    assert sorted(path.stem for path in (SPECTRUM / "csvs").iterdir()) == NAMES


def test_public_csv_files_have_the_rows_of_csv() -> None:
    seen = 0
    for name, data in tables("csv"):
        result = transformed(data, chunk_bytes=10_000)
        text = data.decode("utf-8-sig").splitlines(keepends=True)
        rows = [row for row in csv.reader(text, delimiter=result.profile["delimiter"]) if row]
        good = [row for row in rows[1:] if len(row) == len(rows[0])]
        check_values(result, good)
        assert result.profile["rejected_rows"] == len(rows) - 1 - len(good), name
        assert result.lines == result.parquet, name
        seen += 1
    assert seen >= 25


def test_public_json_files_have_the_records_of_json() -> None:
    seen = 0
    for name, data in tables("json"):
        value = json.loads(data)
        records = [value] if isinstance(value, dict) else [r for r in value if isinstance(r, dict)]
        if not records:
            with pytest.raises(RejectedError, match=r"no-good-rows|too-many-bad-rows"):
                transformed(data, "json")
            continue
        result = transformed(data, "json", chunk_bytes=10_000)
        assert result.lines == records, name
        seen += 1
    assert seen >= 25


def _as_text(result: Result) -> list[dict[str, Any]]:
    """The rows with every cell as it stands in the file, as far as numbers allow."""
    return [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in result.lines
    ]
