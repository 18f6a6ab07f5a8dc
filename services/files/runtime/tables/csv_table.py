"""CSV to JSON Lines, Parquet and a profile, in two passes over the file.

The first pass finds out what the file is: encoding, delimiter, columns and their types, how many
rows are bad. Nothing is written before it is known that the file will not be rejected, and no type
is a guess from a sample. The second pass writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from arro3.core import Field, Schema

from services.files.runtime.tables import engine
from services.files.runtime.tables.charset import Utf8
from services.files.runtime.tables.csv_rows import Block, CsvRows
from services.files.runtime.tables.distinct import Budget
from services.files.runtime.tables.engine import Writable
from services.files.runtime.tables.groups import Window, group_rows
from services.files.runtime.tables.limits import Limits
from services.files.runtime.tables.profile import ARROW_TYPES, CsvColumn
from services.files.runtime.tables.reading import Readable, pieces
from services.files.runtime.tables.set_aside import SetAside


@dataclass(frozen=True)
class CsvSource:
    """opener: a stream over the same bytes each time it is called; it is called twice.

    declared_charset: as in a Content-Type, or None.
    """

    opener: Callable[[], Readable]
    declared_charset: str | None
    limits: Limits

    def text(self) -> Utf8:
        limits = self.limits
        raw = pieces(self.opener(), limits.chunk_bytes, limits.max_bytes)
        return Utf8(raw, self.declared_charset)


@dataclass(frozen=True)
class Survey:
    """What the first pass found. profile: JSON-able. group_rows: of a Parquet row group."""

    schema: Schema
    group_rows: int
    profile: dict[str, object]


def survey(source: CsvSource) -> Survey:
    """Reads the whole file once. Raises RejectedError."""
    set_aside = SetAside(source.limits.max_bad_rows)
    text = source.text()
    table = CsvRows(text, source.limits, set_aside)
    budget = Budget(source.limits, len(table.names))
    named = zip(table.names, table.sources, strict=True)
    columns = [CsvColumn(name, header, budget) for name, header in named]
    windows = []
    for block in table.blocks():
        windows.append(Window(block.rows, len(block.data)))
        for batch in block.batches:
            for column, values in zip(columns, batch.columns, strict=True):
                column.add(values)
    rows = sum(window.rows for window in windows)
    set_aside.reject_if_nothing_else(rows)
    return Survey(
        Schema([Field(each.name, ARROW_TYPES[each.type], nullable=True) for each in columns]),
        group_rows(windows, source.limits),
        {
            "kind": "csv",
            "encoding": {"name": text.encoding, "decided_by": text.decided_by},
            "delimiter": table.delimiter,
            "rows": rows,
            "rejected_rows": set_aside.count,
            "columns": [column.describe(rows) for column in columns],
        },
    )


def write(
    source: CsvSource, found: Survey, lines: Writable, parquet: Writable | None, bad: Writable
) -> None:
    """Reads the file again and writes what `survey` promised; parquet: None for lines alone."""
    set_aside = SetAside(source.limits.max_bad_rows, bad)
    table = CsvRows(source.text(), source.limits, set_aside)
    blocks = _writing_lines(table.blocks(), found.schema, lines)
    if parquet is None:
        for _ in blocks:
            pass
    else:
        engine.parquet(blocks, found.schema, table.delimiter, parquet, found.group_rows)


def _writing_lines(blocks: Iterator[Block], schema: Schema, lines: Writable) -> Iterator[bytes]:
    """The blocks as CSV, each after its rows are written as JSON Lines."""
    for block in blocks:
        for batch in block.batches:
            lines.write(engine.json_lines(batch, schema))
        if block.data:
            yield block.data
