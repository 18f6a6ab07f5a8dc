"""Counts different values in bounded memory: exactly to a limit, then by a sample."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from zlib import crc32

from services.files.runtime.tables.limits import Limits

_SHORT = 64


class Budget:
    """What the columns of one file may remember together. columns: how many there are so far."""

    def __init__(self, limits: Limits, columns: int = 0) -> None:
        self._limits = limits
        self.columns = columns

    @property
    def each(self) -> int:
        """Values that one column may remember."""
        return min(self._limits.max_distinct, self._limits.max_distinct_total // self.columns)


class Distinct:
    """How many different values were added to a column.

    Beyond the budget, only values stay whose hash is divisible by a growing power of three; their
    number times that power is the estimate (adaptive sampling: Flajolet, "On adaptive sampling",
    1990). Its standard error is about 1.2 / sqrt(budget). The hash has no seed, so the same file
    always gives the same figure.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._values: set[str] = set()
        self._hashes: set[int] = set()
        self._divisor = 1

    @property
    def is_exact(self) -> bool:
        return self._divisor == 1

    @property
    def count(self) -> int:
        return len(self._values) if self.is_exact else len(self._hashes) * self._divisor

    def add(self, values: Collection[str]) -> None:
        """Adds values, of which some may be equal."""
        keys = values if max(map(len, values), default=0) <= _SHORT else map(_key, values)
        if not self.is_exact:
            self._sample(keys)
            return
        self._values.update(keys)
        if len(self._values) > self._budget.each:
            self._divisor = 3
            self._sample(self._values)
            self._values = set()

    def _sample(self, keys: Iterable[str]) -> None:
        divisor = self._divisor
        hashes = map(crc32, map(str.encode, keys))
        self._hashes.update([number for number in hashes if not number % divisor])
        while len(self._hashes) > self._budget.each:
            self._divisor *= 3
            self._hashes = {number for number in self._hashes if number % self._divisor == 0}


def _key(value: str) -> str:
    """What stands for a value: itself, or its digest if it is long."""
    if len(value) <= _SHORT:
        return value
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest() + "+"
