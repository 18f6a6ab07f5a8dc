"""What the records of a JSON file hold under each key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables.distinct import Budget, Distinct
from services.files.runtime.tables.limits import Limits
from services.files.runtime.tables.profile import shown

type Number = int | float | Decimal

_NAMES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "text",
    list: "array",
    dict: "object",
}
_NUMBERS = {int, float, Decimal}


class JsonColumn:
    """The profile of the values under one key, batch by batch."""

    def __init__(self, budget: Budget) -> None:
        self._present = 0
        self._types: set[type] = set()
        self._distinct = Distinct(budget)
        self._numbers: list[Number] = []
        self._texts: list[str] = []

    def add(self, values: list[object]) -> None:
        """Takes in decoded values; null counts as none."""
        types = set(map(type, values))
        if type(None) in types:
            values = [value for value in values if value is not None]
            types.discard(type(None))
        self._present += len(values)
        self._types |= types
        for kind in types:
            alike = values if len(types) == 1 else [each for each in values if type(each) is kind]
            self._add_alike(kind, alike)

    def _add_alike(self, kind: type, values: list[object]) -> None:
        if kind is str:
            texts: set[str] = set(values)  # type: ignore[arg-type]
            found = [*self._texts, min(texts), max(texts)]
            self._texts = [min(found), max(found)]
            self._distinct.add(texts)
        elif kind not in (list, dict):
            # Unlike any text that could be in the same column.
            self._distinct.add({f"\0{value!r}" for value in set(values)})
            if kind in _NUMBERS:
                numbers: list[Number] = values  # type: ignore[assignment]
                extremes = [*self._numbers, min(numbers), max(numbers)]
                self._numbers = [min(extremes), max(extremes)]

    @property
    def type(self) -> str:
        """A JSON type, `integer` if no number has a fraction, or `mixed`; null if there is none."""
        names = {_NAMES[each] for each in self._types}
        if names == {"integer", "number"}:
            return "number"
        return "mixed" if len(names) > 1 else next(iter(names), "null")

    def describe(self, name: str, rows: int) -> dict[str, object]:
        """JSON-able, as a CSV's column. nulls: also counts records without the key. distinct: null
        where values are arrays or objects."""
        extremes: list[Number] | list[str] = []
        if self.type in ("integer", "number"):
            extremes = self._numbers
        elif self.type == "text":
            extremes = self._texts
        lowest, highest = (_plain(extremes[0]), _plain(extremes[1])) if extremes else (None, None)
        counted = not self._types & {list, dict}
        return {
            "name": name,
            "source": name,
            "type": self.type,
            "rows": rows,
            "nulls": rows - self._present,
            "min": lowest,
            "max": highest,
            "distinct": {"count": self._distinct.count, "exact": self._distinct.is_exact}
            if counted
            else None,
        }


class JsonProfile:
    """The columns of a file's records, in the order in which keys first appear."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._columns: dict[str, JsonColumn] = {}
        self._budget = Budget(limits)
        self.rows = 0

    def add(self, records: list[dict[str, object]]) -> None:
        """Raises `too-many-columns`."""
        self.rows += len(records)
        for key, values in _by_key(records):
            if key not in self._columns:
                self._columns[key] = self._new_column()
            self._columns[key].add(values)

    def describe(self) -> list[dict[str, object]]:
        return [column.describe(shown(name), self.rows) for name, column in self._columns.items()]

    def _new_column(self) -> JsonColumn:
        limits = self._limits
        if len(self._columns) >= limits.max_columns:
            raise RejectedError(
                "too-many-columns", f"The records have more than {limits.max_columns:,} keys."
            )
        self._budget.columns += 1
        return JsonColumn(self._budget)


def _by_key(records: list[dict[str, object]]) -> Iterable[tuple[str, list[object]]]:
    keys = dict.fromkeys(chain.from_iterable(records))
    if all(len(record) == len(keys) for record in records):
        return ((key, [record[key] for record in records]) for key in keys)
    gathered: Mapping[str, list[object]] = {key: [] for key in keys}
    for record in records:
        for key, value in record.items():
            gathered[key].append(value)
    return gathered.items()


def _plain(value: Number | str) -> int | float | str:
    """JSON-able: a number beyond a float's range becomes text."""
    return str(value) if isinstance(value, Decimal) else shown(value)
