"""CSV, JSON Lines and Parquet by Apache Arrow (arrow-rs), through its smallest Python binding.

Nothing here opens a file, a socket or a thread: bytes go in and come out through Python objects.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import IO, Protocol, cast

from arro3.core import DataType, RecordBatch, Schema
from arro3.core import Field as ArrowField
from arro3.io import read_csv, write_ndjson, write_parquet

TEXT = DataType.utf8()
_BATCH_ROWS = 1024
_COMPRESSION = "zstd(1)"


class Writable(Protocol):
    """A sink for bytes: a file, or something that uploads them in parts."""

    def write(self, data: bytes, /) -> object: ...


def text_schema(columns: int) -> Schema:
    """As many columns of text, named by their position."""
    return Schema([ArrowField(str(number), TEXT, nullable=True) for number in range(columns)])


def parse(data: bytes, schema: Schema, delimiter: str, lines: int) -> list[RecordBatch] | None:
    """Plain CSV without a header as batches; None if a row has other columns or is not UTF-8.

    A cell without characters is null. lines: line feeds in `data`.
    """
    # The engine allocates for a whole batch before it reads.
    size = min(lines, 1 << 16)
    try:
        return list(
            read_csv(
                io.BytesIO(data), schema, has_header=False, batch_size=size, delimiter=delimiter
            )
        )
    except Exception as error:
        if type(error) is not Exception:  # what PyO3 raises for every error of the engine's own
            raise
        return None


def json_lines(batch: RecordBatch, schema: Schema) -> bytes:
    """One JSON object a row, with every column; text becomes what `schema` says."""
    fields = [schema.field(number) for number in range(batch.num_columns)]
    columns = [
        array if field.type == TEXT else array.cast(field.type)
        for array, field in zip(batch.columns, fields, strict=True)
    ]
    out = io.BytesIO()
    typed = RecordBatch.from_arrays(columns, schema=schema)
    write_ndjson(typed, out, explicit_nulls=True)
    return out.getvalue()


def parquet(
    blocks: Iterator[bytes], schema: Schema, delimiter: str, sink: Writable, group_rows: int
) -> None:
    """Pulls plain CSV out of `blocks` and writes it as one Parquet file, group by group.

    Raises what `blocks` or `sink` raised.
    """
    failures = _Failures()
    reader = read_csv(
        cast(IO[bytes], _Feed(blocks, failures)),
        schema,
        has_header=False,
        batch_size=_BATCH_ROWS,
        delimiter=delimiter,
    )
    drain = cast(IO[bytes], _Drain(sink, failures))
    write_parquet(reader, drain, compression=_COMPRESSION, max_row_group_size=group_rows)
    failures.raise_first()


class _Failures:
    """What our own side raised while the engine called it.

    The engine panics where a file that it writes fails, and passes other errors on as text. So it
    is told that the input has ended, and that its output was written, and the error comes after.
    """

    def __init__(self) -> None:
        self._first: BaseException | None = None

    def __bool__(self) -> bool:
        return self._first is not None

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        try:
            yield
        except BaseException as failure:  # an interrupt must not be lost either
            self._first = self._first or failure

    def raise_first(self) -> None:
        if self._first:
            raise self._first


class _Feed(io.RawIOBase):
    """Blocks of bytes as a file to read, which ends at the first failure."""

    def __init__(self, blocks: Iterator[bytes], failures: _Failures) -> None:
        self._blocks = blocks
        self._failures = failures
        self._block = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._block and not self._failures:
            with self._failures.kept():
                self._block = memoryview(next(self._blocks, b""))
        if self._failures:
            return b""
        part, self._block = self._block[:size], self._block[size:]
        return bytes(part)


class _Drain(io.RawIOBase):
    """A sink as a file to write, which swallows what comes after a failure."""

    def __init__(self, sink: Writable, failures: _Failures) -> None:
        self._sink = sink
        self._failures = failures

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if not self._failures:
            with self._failures.kept():
                self._sink.write(bytes(data))
        return len(data)
