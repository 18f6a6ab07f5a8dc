"""Runs one way to transform a table, once, in this interpreter.

Usage: python -m benchmarks.table_probe SUBJECT FILE|generated:MEGABYTES. Prints wall seconds, CPU
seconds and the most MiB of memory as a JSON list. What is written goes to a null device, so that no
disk is measured.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import ijson.backends.yajl2_c as ijson

from benchmarks import table_inputs
from benchmarks.memory import peak_mb
from services.files.runtime.tables import Limits, Outputs, Table, transform
from services.files.runtime.tables.csv_table import CsvSource, survey, write
from services.files.runtime.tables.json_records import JsonRecords
from services.files.runtime.tables.json_table import as_lines
from services.files.runtime.tables.reading import Readable, pieces
from services.files.runtime.tables.set_aside import SetAside

_NO_LIMIT = 1 << 40


class Generated:
    """A table that is never whole anywhere, as a stream."""

    def __init__(self, kind: str, megabytes: int) -> None:
        self._blocks = table_inputs.whole(kind, megabytes)

    def read(self, _size: int, /) -> bytes:
        return next(self._blocks, b"")


def naive_csv(source: str) -> Callable[[], None]:
    def run() -> None:
        with Path(source).open(newline="", encoding="utf-8") as rows, _nothing() as out:
            for row in csv.DictReader(rows):
                out.write(json.dumps(row).encode() + b"\n")

    return run


def with_ijson(source: str) -> Callable[[], None]:
    def run() -> None:
        with Path(source).open("rb") as text, _nothing() as out:
            for record in ijson.items(text, "item", use_float=True):
                out.write(json.dumps(record).encode() + b"\n")

    return run


def ours(kind: str) -> Callable[[str], Callable[[], None]]:
    """All that the function does."""

    def prepare(source: str) -> Callable[[], None]:
        def run() -> None:
            with _nothing() as out:
                outputs = Outputs(out, out if kind == "csv" else None, out)
                table = Table(_opener(kind, source), "csv" if kind == "csv" else "json")
                transform(table, outputs, Limits(max_bytes=_NO_LIMIT))

        return run

    return prepare


def csv_lines(source: str) -> Callable[[], None]:
    """The second pass, without Parquet."""

    table = CsvSource(_opener("csv", source), None, Limits(max_bytes=_NO_LIMIT))
    found = survey(table)

    def run() -> None:
        with _nothing() as out:
            write(table, found, out, None, out)

    return run


def json_lines(source: str) -> Callable[[], None]:
    """Cutting, validating and writing, without decoding for the profile."""

    def run() -> None:
        limits = Limits(max_bytes=_NO_LIMIT)
        raw = pieces(_opener("json", source)(), limits.chunk_bytes, limits.max_bytes)
        with _nothing() as out:
            for batch in JsonRecords(raw, limits, SetAside(0)).batches():
                out.write(as_lines(batch.texts))

    return run


def _opener(kind: str, source: str) -> Callable[[], Readable]:
    if source.startswith("generated:"):
        return lambda: Generated(kind, int(source.removeprefix("generated:")))
    return lambda: Path(source).open("rb", buffering=0)


def _nothing() -> BinaryIO:
    return Path(os.devnull).open("wb")


SUBJECTS = {
    "naive-csv": naive_csv,
    "ijson": with_ijson,
    "csv": ours("csv"),
    "json": ours("json"),
    "csv-lines": csv_lines,
    "json-lines": json_lines,
}


def main(subject: str, source: str) -> None:
    """Prepares, measures and prints."""
    run = SUBJECTS[subject](source)
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    seconds = [time.perf_counter() - wall, time.process_time() - cpu]
    print(json.dumps([*seconds, peak_mb() * 1e6 / 2**20]))


if __name__ == "__main__":
    main(*sys.argv[1:])
