"""CSV, JSON Lines and Parquet by Apache Arrow (arrow-rs), through its smallest Python binding.

Nothing here opens a file, a socket or a thread: bytes go in and come out through Python objects.
"""

from __future__ import annotations

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


def parse(data: bytes, schema: Schema, delimiter: str) -> list[RecordBatch] | None:
    """Plain CSV without a header as batches; None if a row has other columns or is not UTF-8.

    A cell without characters is null.
    """
    rows = data.count(b"\n")
    # The engine allocates for a whole batch before it reads.
    size = min(rows, 1 << 16)
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
    feed, drain = _Feed(blocks), _Drain(sink)
    try:
        reader = read_csv(
            cast(IO[bytes], feed),
            schema,
            has_header=False,
            batch_size=_BATCH_ROWS,
            delimiter=delimiter,
        )
        write_parquet(
            reader, cast(IO[bytes], drain), compression=_COMPRESSION, max_row_group_size=group_rows
        )
    except Exception:
        # The engine passes our own errors on as text.
        for border in (feed, drain):
            if border.failure:
                raise border.failure from None
        raise


class _Feed(io.RawIOBase):
    """Blocks of bytes as a file to read. failure: what a block raised."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._block = memoryview(b"")
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            while not self._block:
                self._block = memoryview(next(self._blocks))
        except StopIteration:
            return b""
        except BaseException as failure:
            self.failure = failure
            raise
        part, self._block = self._block[:size], self._block[size:]
        return bytes(part)


class _Drain(io.RawIOBase):
    """A sink as a file to write. failure: what the sink raised."""

    def __init__(self, sink: Writable) -> None:
        self._sink = sink
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        try:
            self._sink.write(bytes(data))
        except BaseException as failure:
            self.failure = failure
            raise
        return len(data)
