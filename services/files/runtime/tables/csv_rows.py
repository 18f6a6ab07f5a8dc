"""A CSV file as blocks of good rows, in bounded memory, with its bad rows set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arro3.core import RecordBatch

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables import engine
from services.files.runtime.tables.dialect import SAMPLE_BYTES, column_names, find_delimiter
from services.files.runtime.tables.exact import Row, canonical, read_rows
from services.files.runtime.tables.limits import Limits
from services.files.runtime.tables.plain import QUOTE, is_plain, last_row_end
from services.files.runtime.tables.set_aside import BadRow, SetAside


@dataclass(frozen=True)
class Block:
    """Good rows, twice: as plain CSV without a header, and as text columns."""

    data: bytes
    batches: list[RecordBatch]

    @property
    def rows(self) -> int:
        return sum(batch.num_rows for batch in self.batches)


class CsvRows:
    """Reads the header at once, and the rows when `blocks` is iterated, once.

    pieces: UTF-8. names, sources: of the columns, in the outputs and in the header.
    Raises `empty`, `row-too-long`, and what `column_names` raises.
    """

    def __init__(self, pieces: Iterable[bytes], limits: Limits, set_aside: SetAside) -> None:
        self._pieces = iter(pieces)
        self._limits = limits
        self._set_aside = set_aside
        self._data = b""  # starts with a row, on line
        self._line = 1
        self._final = False
        self.delimiter, header = self._take_header()
        self.names = column_names(header, limits.max_columns)
        self.sources = header.cells
        self._schema = engine.text_schema(len(self.names))

    def blocks(self) -> Iterator[Block]:
        """The rows after the header, in their order; some blocks are empty."""
        while True:
            while block := self._take():
                yield block
            if self._final:
                return
            if len(self._data) > self._limits.max_row_bytes:
                raise self._too_long()
            self._read_more()

    def _read_more(self) -> None:
        piece = next(self._pieces, b"")
        self._final = not piece
        self._data += piece

    def _take_header(self) -> tuple[str, Row]:
        size = min(SAMPLE_BYTES, self._limits.chunk_bytes)
        while True:
            while len(self._data) < size and not self._final:
                self._read_more()
            final = self._final and len(self._data) <= size
            if delimiter := find_delimiter(self._data[:size], final=final):
                read = read_rows(self._data[:size], delimiter, 1, final=final, at_most=1)
                self._consume(read.consumed, read.lines)
                return delimiter, read.rows[0]
            if final:
                raise RejectedError("empty", "There is nothing in the file, not even a header.")
            if size > self._limits.max_row_bytes:
                raise self._too_long()
            size *= 4

    def _take(self) -> Block | None:
        """The whole rows at hand; None if there are none, and then at the end nothing is left."""
        data = self._ended()
        end = last_row_end(data)
        if end and is_plain(data[:end], self.delimiter.encode()):
            lines = data.count(b"\n", 0, end)
            batches = engine.parse(data[:end], self._schema, self.delimiter, lines)
            if batches is not None:
                self._consume(end, lines)
                return Block(data[:end], batches)
        return self._take_exactly()

    def _ended(self) -> bytes:
        """What is at hand, with the line break that a file's last row may lack."""
        data = self._data
        lacks = self._final and data and not data.endswith(b"\n") and data.count(QUOTE) % 2 == 0
        return data + b"\n" if lacks else data

    def _take_exactly(self) -> Block | None:
        read = read_rows(self._data, self.delimiter, self._line, final=self._final)
        if not read.consumed:
            return None
        self._consume(read.consumed, read.lines)
        data = canonical(list(filter(self._is_good, read.rows)), self.delimiter)
        batches = engine.parse(data, self._schema, self.delimiter, data.count(b"\n"))
        if batches is None:
            raise RuntimeError(f"canonical CSV before line {self._line} cannot be parsed")
        return Block(data, batches)

    def _is_good(self, row: Row) -> bool:
        """Whether a row has the header's fields, decoded; one that does not is set aside."""
        problem = ""
        if len(row.cells) != len(self.names):
            problem = f"{len(row.cells)} fields instead of {len(self.names)}"
        elif not row.is_decoded:
            problem = "bytes that are not text in the file's encoding"
        if problem:
            self._set_aside.add(BadRow(row.line, problem, row.cells))
        return not problem

    def _consume(self, size: int, lines: int) -> None:
        self._data = self._data[size:]
        self._line += lines

    def _too_long(self) -> RejectedError:
        return RejectedError(
            "row-too-long",
            f"The row that begins on line {self._line} is longer than "
            f"{self._limits.max_row_bytes:,} bytes. Is a quote left open?",
        )
