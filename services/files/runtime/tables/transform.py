"""The entry point: one table in, JSON Lines, Parquet, rows set aside, and a profile out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.files.runtime.tables.csv_table import CsvSource, survey, write
from services.files.runtime.tables.engine import Writable
from services.files.runtime.tables.json_table import transform_json
from services.files.runtime.tables.limits import Limits
from services.files.runtime.tables.reading import Readable


@dataclass(frozen=True)
class Table:
    """A file to transform.

    opener: makes a stream over its bytes, the same ones each time: a CSV is read twice.
    kind: by the file's name. declared_charset: as in the upload's Content-Type, None without.
    """

    opener: Callable[[], Readable]
    kind: Literal["csv", "json"]
    declared_charset: str | None = None


@dataclass(frozen=True)
class Outputs:
    """Sinks that take bytes as they come; the caller opens them, and keeps what they hold only if
    `transform` returns.

    lines: JSON Lines in UTF-8. parquet: of a CSV alone; None does without. bad_rows: CSV in UTF-8,
    nothing if no row is bad; safe to open in a spreadsheet.
    """

    lines: Writable
    parquet: Writable | None
    bad_rows: Writable


def transform(table: Table, outputs: Outputs, limits: Limits) -> dict[str, object]:
    """Writes the outputs and returns the profile, JSON-able.

    Raises RejectedError if the file is at fault, for a CSV before anything is written; and whatever
    the streams raise.
    """
    if table.kind == "json":
        return transform_json(
            table.opener(), table.declared_charset, limits, outputs.lines, outputs.bad_rows
        )
    source = CsvSource(table.opener, table.declared_charset, limits)
    found = survey(source)
    write(source, found, outputs.lines, outputs.parquet, outputs.bad_rows)
    return found.profile
