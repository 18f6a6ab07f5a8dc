"""What a column holds: its type, rows, nulls, smallest and largest value, and distinct values."""

from __future__ import annotations

from typing import Literal

from arro3 import compute
from arro3.core import Array, DataType, dictionary_dictionary

from services.files.runtime.tables.distinct import Budget, Distinct
from services.files.runtime.tables.engine import TEXT
from services.files.runtime.tables.numbers import numbers

CsvType = Literal["integer", "number", "text"]
ARROW_TYPES = {"integer": DataType.int64(), "number": DataType.float64(), "text": TEXT}

SHOWN = 200


class CsvColumn:
    """The profile of one column of a CSV, batch by batch.

    name: in the outputs. source: as the header has it.
    """

    def __init__(self, name: str, source: str, budget: Budget) -> None:
        self.name = name
        self.source = source
        self.nulls = 0
        self._distinct = Distinct(budget)
        self._type: CsvType = "integer"
        self._texts: list[str] = []
        self._numbers: list[int | float] = []

    @property
    def type(self) -> CsvType:
        """`integer` or `number` only if all values stay what they are; text if there are none."""
        return self._type if self._texts else "text"

    def add(self, values: Array) -> None:
        """Takes in a batch of text; null is a cell without characters."""
        self.nulls += values.null_count
        if values.null_count == len(values):
            return
        different = dictionary_dictionary(compute.dictionary_encode(values)).to_pylist()
        self._distinct.add(different)
        found = [compute.min(values).as_py(), compute.max(values).as_py()]
        self._texts = _extremes([*self._texts, *found])
        if self._type != "text":
            self._add_numbers(different)

    def _add_numbers(self, different: list[str]) -> None:
        found = numbers(different)
        if found is None:
            self._type = "text"
            return
        if float in map(type, found):
            self._type = "number"
        self._numbers = _extremes([*self._numbers, *found])

    def describe(self, rows: int) -> dict[str, object]:
        """JSON-able. min, max: numbers, or texts in the order of their code points, cut to SHOWN
        characters; null in a column without values. distinct counts no nulls."""
        extremes = self._texts if self.type == "text" else self._numbers
        lowest, highest = map(shown, extremes) if extremes else (None, None)
        return {
            "name": self.name,
            "source": self.source,
            "type": self.type,
            "rows": rows,
            "nulls": self.nulls,
            "min": lowest,
            "max": highest,
            "distinct": {"count": self._distinct.count, "exact": self._distinct.is_exact},
        }


def shown[T](value: T) -> T | str:
    """A value as the profile shows it: a long text is cut."""
    return value[:SHOWN] if isinstance(value, str) else value


def _extremes[T: (str, int | float)](values: list[T]) -> list[T]:
    return [min(values), max(values)]
