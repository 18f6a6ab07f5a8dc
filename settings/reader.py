"""Reads a nested mapping strictly: every problem is collected, none is raised until the end.

A person who mistyped three settings should learn of all three from one run. So a reader answers a
bad value with the text as it stands and remembers what was wrong; whoever owns the mapping asks for
`problems` when all of it was read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final


class _Missing:
    """Marks an absent key, which is not the same as a key that is there and null."""


MISSING: Final = _Missing()
# What is within something that is no mapping: that one problem is told, not each that follows.
_UNREADABLE: Final = object()


@dataclass(frozen=True)
class Problem:
    """One wrong setting: `key` is its dotted path, `value` what it held, `expected` what may be."""

    key: str
    value: object
    expected: str

    def __str__(self) -> str:
        if isinstance(self.value, _Missing):
            return f"{self.key} is missing: expected {self.expected}"
        return f"{self.key} is {json.dumps(self.value, default=repr)}: expected {self.expected}"


class Reader:
    """Reads one mapping's keys; `path` is its own dotted path, `problems` is shared by all."""

    def __init__(self, values: object, path: str, problems: list[Problem] | None = None) -> None:
        self.path = path
        self.problems: list[Problem] = [] if problems is None else problems
        self._values: Mapping[str, object] = {}
        self._known: list[str] = []
        self._readable = isinstance(values, Mapping)
        if isinstance(values, Mapping):
            self._values = values
        elif values is not _UNREADABLE:
            self.problems.append(Problem(path, values, "an object with keys and values"))

    def section(self, key: str, default: Mapping[str, object] | None = None) -> Reader:
        """A reader of the mapping at `key`, which may be absent only with a `default`."""
        absent = MISSING if default is None else default
        values = self._take(key, absent) if self._readable else _UNREADABLE
        return Reader(values, f"{self.path}.{key}", self.problems)

    def optional_section(self, key: str) -> Reader | None:
        """As `section`, but None where the key is absent."""
        if key in self._values:
            return self.section(key)
        self._known.append(key)
        return None

    def sections(self, key: str, expected: str) -> list[Reader]:
        """A reader of each mapping in the list at `key`, which must have one at least."""
        values = self._take(key, MISSING)
        if isinstance(values, list) and values:
            return [
                Reader(value, f"{self.path}.{key}[{index}]", self.problems)
                for index, value in enumerate(values)
            ]
        self.reject(key, values, expected)
        return []

    def mapping(self, key: str) -> Mapping[str, object]:
        """The mapping at `key` as it stands, for somebody else to read; empty when absent."""
        value = self._take(key, {})
        if isinstance(value, Mapping):
            return value
        self.reject(key, value, "an object with keys and values")
        return {}

    def text(self, key: str, pattern: str, expected: str, default: str | None = None) -> str:
        """The text at `key`, which must match all of `pattern`; `expected` says so in words."""
        value = self._take(key, MISSING if default is None else default)
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        self.reject(key, value, expected)
        return value if isinstance(value, str) else ""

    def optional_text(self, key: str, pattern: str, expected: str) -> str | None:
        """As `text`, but None where the key is absent."""
        if key in self._values:
            return self.text(key, pattern, expected)
        self._known.append(key)
        return None

    def texts(
        self, key: str, pattern: str, expected: str, default: tuple[str, ...]
    ) -> tuple[str, ...]:
        """The list of texts at `key`, each of which must match all of `pattern`; empty only where
        the `default` is."""
        values = self._take(key, list(default))
        texts = (
            [value for value in values if isinstance(value, str)]
            if isinstance(values, list)
            else []
        )
        if (
            (texts or not default)
            and texts == values
            and all(re.fullmatch(pattern, text) for text in texts)
        ):
            return tuple(texts)
        self.reject(key, values, f"a list of {expected}")
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """The true or false at `key`."""
        value = self._take(key, default)
        if isinstance(value, bool):
            return value
        self.reject(key, value, "true or false")
        return default

    def one_of(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        """The text at `key`, which must be one of `choices`."""
        value = self._take(key, MISSING if default is None else default)
        if isinstance(value, str) and value in choices:
            return value
        self.reject(key, value, f"one of {', '.join(choices)}{_did_you_mean(value, choices)}")
        return ""

    def whole_number(self, key: str, lowest: int, highest: int, default: int) -> int:
        """The number at `key`, from `lowest` to `highest`, both included."""
        value = self._take(key, default)
        # JSON's true is a bool, and Python's bool is an int.
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        self.reject(key, value, f"a whole number from {lowest} to {highest}")
        return default

    def number_of(self, key: str, choices: Collection[int], default: int) -> int:
        """The number at `key`, which must be one of `choices`."""
        value = self._take(key, default)
        # JSON's true is a bool, and Python's bool is an int.
        if isinstance(value, int) and not isinstance(value, bool) and value in choices:
            return value
        self.reject(key, value, f"one of {', '.join(map(str, choices))}")
        return default

    def reject(self, key: str, value: object, expected: str) -> None:
        """Remembers that `key` holds `value` and not what is `expected`."""
        if self._readable:
            self.problems.append(Problem(f"{self.path}.{key}", value, expected))

    def finish(self) -> None:
        """Rejects every key that was never asked for, with the near one if there is one."""
        for key in self._values:
            if key not in self._known:
                known = f"no such key, only {', '.join(self._known)}"
                self.reject(key, self._values[key], known + _did_you_mean(key, self._known))

    def _take(self, key: str, default: object) -> object:
        self._known.append(key)
        return self._values.get(key, default)


def _did_you_mean(word: object, choices: Collection[str]) -> str:
    near = get_close_matches(word, choices, n=1, cutoff=0.5) if isinstance(word, str) else []
    return f" (did you mean {near[0]}?)" if near else ""
