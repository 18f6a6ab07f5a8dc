"""A JSON file as batches of records, in bounded memory: an array, lines, or one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables.json_cut import last_value_end, likely_separator
from services.files.runtime.tables.limits import Limits
from services.files.runtime.tables.set_aside import BadRow, SetAside

Form = Literal["array", "lines", "object"]
SPACE = b" \t\r\n"

_VALUE = msgspec.json.Decoder(msgspec.Raw)
_VALUES = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class Records:
    """Values that stand one after the other.

    places: the line of each, or its number in the array, from 1. texts: of each, valid JSON but for
    what only decoding finds: bytes in strings that are not UTF-8, numbers out of range.
    """

    places: Sequence[int]
    texts: Sequence[bytes]


class JsonRecords:
    """Looks at the beginning at once, and reads records when `batches` is iterated, once.

    pieces: UTF-8. form: what the file is. Records that are no JSON are set aside where lines tell
    where the next one begins; an array that is no JSON is rejected.
    Raises `empty`, `malformed-json`, `too-deep`, `record-too-long`.
    """

    def __init__(self, pieces: Iterable[bytes], limits: Limits, set_aside: SetAside) -> None:
        self._pieces = iter(pieces)
        self._limits = limits
        self._set_aside = set_aside
        self._data = b""
        self._final = False
        self._place = 1
        self.form: Form = self._find_form()

    def batches(self) -> Iterator[Records]:
        """The records in their order; a batch may be empty."""
        return self._array() if self.form == "array" else self._lines()

    def _read_more(self) -> None:
        piece = next(self._pieces, b"")
        self._final = not piece
        self._data += piece

    def _find_form(self) -> Form:
        while not self._data and not self._final:
            self._read_more()
            self._data = self._data.lstrip(SPACE)
        if not self._data:
            raise RejectedError("empty", "There is nothing in the file.")
        if self._data.startswith(b"["):
            self._data = self._data[1:]
            return "array"
        return "lines" if self._first_line_is_whole() else "object"

    def _first_line_is_whole(self) -> bool:
        """Whether the file is lines: if the first is JSON, or the whole is not one value."""
        while b"\n" not in self._data and self._may_grow():
            self._read_more()
        if _is_value(self._data.partition(b"\n")[0]):
            return True
        while self._may_grow():
            self._read_more()
        return not (self._final and _is_value(self._data))

    def _may_grow(self) -> bool:
        return not self._final and len(self._data) <= self._limits.max_row_bytes

    def _lines(self) -> Iterator[Records]:
        if self.form == "object":
            yield Records([self._place], [self._data])
            return
        while True:
            end = len(self._data) if self._final else self._data.rfind(b"\n") + 1
            yield self._take_lines(self._data[:end])
            self._data = self._data[end:]
            if self._final:
                return
            self._refuse_more_than_a_record()
            self._read_more()

    def _take_lines(self, data: bytes) -> Records:
        first, self._place = self._place, self._place + data.count(b"\n")
        lines = [line.strip(SPACE) for line in data.split(b"\n")]
        places = [place for place, line in enumerate(lines, first) if line]
        texts = [line for line in lines if line]
        # Values may be cut otherwise than lines: two on one, or one on two.
        if _values_by_line(data) == texts:
            return Records(places, texts)
        good = [pair for pair in zip(places, texts, strict=True) if self._is_json(*pair)]
        return Records([place for place, _ in good], [text for _, text in good])

    def _is_json(self, place: int, text: bytes) -> bool:
        if problem := _problem(text):
            self._set_aside.add(BadRow(place, problem, [text.decode("utf-8", "surrogateescape")]))
        return not problem

    def _array(self) -> Iterator[Records]:
        separator = b""
        while not self._final:
            self._read_more()
            separator = separator or likely_separator(self._data)
            texts = list(map(bytes, self._take_values(separator)))
            places = range(self._place, self._place + len(texts))
            self._place += len(texts)
            yield Records(places, texts)
            self._refuse_more_than_a_record()

    def _take_values(self, separator: bytes) -> list[msgspec.Raw]:
        """The elements that are whole; at the end, those before the closing bracket."""
        if self._final:
            return self._last_values()
        guess = self._data.rfind(separator) + 1 if separator else 0
        if guess and (values := _values(self._data[:guess])) is not None:
            self._cut(guess)
            return values
        end = last_value_end(self._data)
        if not end:
            return []
        values = _values(self._data[:end])
        if not values:
            raise self._malformed(self._data[:end] + b"]")
        self._cut(end)
        return values

    def _last_values(self) -> list[msgspec.Raw]:
        try:
            values = _decoded(b"[" + self._data)
        except msgspec.DecodeError:
            raise self._malformed(self._data) from None
        if not values and self._place > 1:
            raise self._malformed(self._data)
        return values

    def _cut(self, end: int) -> None:
        """Drops what was taken, and the comma after it."""
        self._data = self._data[end:].lstrip(SPACE)[1:]

    def _malformed(self, data: bytes) -> RejectedError:
        """data: from an element's beginning, closing bracket included."""
        problem = _problem(b"[" + data) or "a comma without a value"
        return RejectedError("malformed-json", f"From record {self._place} on: {problem}.")

    def _refuse_more_than_a_record(self) -> None:
        if len(self._data) > self._limits.max_row_bytes:
            raise RejectedError(
                "record-too-long",
                f"Record {self._place} is longer than {self._limits.max_row_bytes:,} bytes.",
            )


def _decoded(array: bytes) -> list[msgspec.Raw]:
    try:
        return _VALUES.decode(array)
    except RecursionError:
        raise RejectedError("too-deep", "Objects and lists are nested too deep.") from None


def _values(elements: bytes) -> list[msgspec.Raw] | None:
    """The elements of an array; None if they are none."""
    try:
        return _decoded(b"[" + elements + b"]")
    except msgspec.DecodeError:
        return None


def _values_by_line(data: bytes) -> list[bytes] | None:
    try:
        return [bytes(value) for value in _VALUE.decode_lines(data)]
    except (msgspec.DecodeError, RecursionError):
        return None


def _problem(text: bytes) -> str:
    """What is wrong with one value as JSON; empty if nothing."""
    try:
        _VALUE.decode(text)
    except msgspec.DecodeError as error:
        return str(error).replace("Input data was truncated", "JSON is truncated")
    except RecursionError:
        return "objects and lists are nested too deep"
    return ""


def _is_value(text: bytes) -> bool:
    return not _problem(text)
