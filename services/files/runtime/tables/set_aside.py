"""Rows and records that cannot be read: counted to a limit, and written down with their place."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables.engine import Writable
from services.files.runtime.tables.neutral import neutralised

_UNDECODED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class BadRow:
    """place: a line, or the number of a record in an array, from 1. problem: a sentence's part,
    such as "3 fields instead of 5". cells: of the row, or the record's text as the only one."""

    place: int
    problem: str
    cells: list[str]


class SetAside:
    """Bad rows of one file; raises `too-many-bad-rows` at the first beyond the limit.

    sink: takes UTF-8 CSV (place, problem, cells), safe to open in a spreadsheet; None only counts.
    unit: "line" or "record", what a place is.
    """

    def __init__(self, limit: int, sink: Writable | None = None) -> None:
        self._limit = limit
        self._sink = sink
        self.unit = "line"
        self._first: BadRow | None = None
        self.count = 0

    @property
    def first(self) -> str:
        """Where the first one is, and what is wrong with it."""
        return f"{self.unit} {self._first.place}: {self._first.problem}" if self._first else ""

    def add(self, row: BadRow) -> None:
        if self._first is None:
            self._first = row
            self._write([self.unit, "problem", "cells"])
        self.count += 1
        if self.count > self._limit:
            raise RejectedError(
                "too-many-bad-rows",
                f"More than {self._limit} rows cannot be read; the first is {self.first}.",
            )
        self._write([str(row.place), row.problem, *row.cells])

    def reject_if_nothing_else(self, good_rows: int) -> None:
        """Raises `no-good-rows` if all rows are bad ones."""
        if self.count and not good_rows:
            raise RejectedError("no-good-rows", f"No row can be read; the first is {self.first}.")

    def _write(self, cells: list[str]) -> None:
        if self._sink is None:
            return
        out = io.StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(neutralised(_encodable(cell)) for cell in cells)
        self._sink.write(out.getvalue().encode())


def _encodable(cell: str) -> str:
    """Lone surrogates stand for bytes that could not be decoded."""
    if cell.isascii():
        return cell
    return "".join(_UNDECODED if "\ud800" <= each <= "\udfff" else each for each in cell)
