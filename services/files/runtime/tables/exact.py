"""Reads rows with Python's own `csv`, which decides what a row is, and says where each began."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

# Fields are bounded by the length of a row; `csv` has a limit of its own, of 128 KiB.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Row:
    """A row with at least one field. line: where it begins, from 1. cells: bytes that are not
    UTF-8 are lone surrogates, as `surrogateescape` makes them."""

    line: int
    cells: list[str]

    @property
    def is_decoded(self) -> bool:
        return not any(map(_has_undecoded, self.cells))


@dataclass(frozen=True)
class Rows:
    """The whole rows at the start of some data, how many bytes they take, and how many lines."""

    rows: list[Row]
    consumed: int
    lines: int


class _Lines:
    """Lines for `csv`, which it takes as it needs them; blames nothing for running out.

    position and count: characters and lines that were handed out.
    """

    def __init__(self, text: str, *, final: bool) -> None:
        # Lines end as in a file opened with newline="": at \n, \r or \r\n, and nowhere else.
        self._lines = iter(io.StringIO(text, newline=""))
        self._upcoming = next(self._lines, "")
        self._final = final
        self.position = 0
        self.count = 0
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._upcoming = self._upcoming, next(self._lines, "")
        # A carriage return at the very end may be half of a line break.
        unended = not self._final and not self._upcoming and not line.endswith("\n")
        if not line or unended:
            self.ran_out = True
            raise StopIteration
        self.position += len(line)
        self.count += 1
        return line


def read_rows(
    data: bytes, delimiter: str, first_line: int, *, final: bool, at_most: int | None = None
) -> Rows:
    """The rows that end within `data`, and with `final` the one that its end ends as well.

    Lines with nothing in them are no rows, as for `csv.DictReader`. at_most: stop after so many.
    """
    text = data.decode("utf-8", "surrogateescape")
    lines = _Lines(text, final=final)
    reader = csv.reader(lines, delimiter=delimiter)
    rows: list[Row] = []
    position = count = 0
    for cells in reader:
        if lines.ran_out and not final:
            break
        if cells:
            rows.append(Row(first_line + count, cells))
        position, count = lines.position, lines.count
        if len(rows) == at_most:
            break
    return Rows(rows, len(text[:position].encode("utf-8", "surrogateescape")), count)


def canonical(rows: list[Row], delimiter: str) -> bytes:
    """Decoded rows as CSV that is plain in the sense of `plain.is_plain`."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows(row.cells for row in rows)
    return out.getvalue().encode()


def _has_undecoded(cell: str) -> bool:
    return not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell)
