"""Runs the transformation on bytes, and reads what it wrote."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from arro3.io import read_parquet

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables import Limits, Outputs, Table, transform


@dataclass(frozen=True)
class Result:
    """What came of a file. lines and parquet: a dictionary a row. bad: rows of cells, header
    included."""

    profile: dict[str, Any]
    lines: list[dict[str, Any]]
    parquet: list[dict[str, Any]]
    bad: list[list[str]]
    raw_lines: bytes

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        return {column["name"]: column for column in self.profile["columns"]}

    @property
    def types(self) -> dict[str, str]:
        return {name: column["type"] for name, column in self.columns.items()}


class Stingy(io.BytesIO):
    """Returns less than it is asked for, as a network does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or -1, 1000) if size and size > 0 else size)


def transformed(
    data: bytes, kind: Any = "csv", charset: str | None = None, **limits: int
) -> Result:
    """The outputs for a file of these bytes. limits: of `Limits`, by name."""
    lines, parquet, bad = io.BytesIO(), io.BytesIO(), io.BytesIO()
    outputs = Outputs(lines, parquet if kind == "csv" else None, bad)
    profile = transform(Table(lambda: Stingy(data), kind, charset), outputs, Limits(**limits))
    return Result(
        json.loads(json.dumps(profile)),
        [json.loads(line) for line in lines.getvalue().splitlines()],
        _rows(parquet.getvalue()) if kind == "csv" else [],
        list(csv.reader(io.StringIO(bad.getvalue().decode(), newline=""))),
        lines.getvalue(),
    )


def rejected(data: bytes, kind: Any = "csv", charset: str | None = None, **limits: int) -> str:
    """The reason and the detail with which a file of these bytes is rejected."""
    with pytest.raises(RejectedError) as error:
        transformed(data, kind, charset, **limits)
    return f"{error.value.reason}: {error.value.detail}"


def _rows(parquet: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for batch in read_parquet(io.BytesIO(parquet)):
        rows.extend(batch.to_struct_array().to_pylist())
    return rows


def check_values(result: Result, rows: list[list[str]]) -> None:
    """That the lines, and what the profile counts, are what these cells say, and none changed."""
    for number, (name, kind) in enumerate(result.types.items()):
        found = [line[name] for line in result.lines]
        cells = [row[number] for row in rows]
        if kind == "text":
            assert found == [cell or None for cell in cells]
        for value, cell in zip(found, cells, strict=True):
            if kind == "integer" and cell:
                assert str(value) == cell
            if kind == "number" and cell:
                _check_number(value, cell)
        profile = result.columns[name]
        assert profile["nulls"] == cells.count("")
        assert profile["distinct"]["exact"]
        assert profile["distinct"]["count"] == len(set(cells) - {""})


def _check_number(value: float, cell: str) -> None:
    """The float is written in the cell with as few digits as tell it from others."""
    assert value == float(cell)
    digits = cell.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    assert digits == repr(float(cell)).lstrip("-").partition("e")[0].replace(".", "").strip("0")
