"""Reads a buildspec's sections: every complaint names the path of the key and what it holds.

Keys that the reference does not know are not refused, because CodeBuild ignores them: they become
notes, which the build's log shows. Keys that it knows and that are not done here are refused, so
that no buildspec passes because a part of it was left out.
"""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from embedded_aws.codebuild.record import BuildspecError

_REFUSED = {
    "run-as": "builds run as the user who runs this server",
    "batch": "batch builds are not offered here",
}
_MERGE = "<<"
_NO_MERGE = "merge keys are not read: no page says what CodeBuild makes of them, so write it out"
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


class Section:
    """A mapping of the document. `notes` collects what is ignored, for the whole document."""

    def __init__(
        self, value: Any, path: str, known: Collection[str] | None, notes: list[str]
    ) -> None:
        """`known` None: the keys are names that the author chose."""
        if value is None or value == "":
            value = {}
        if not isinstance(value, dict):
            got = _shown(value)
            raise BuildspecError(f"{path or 'the buildspec'}: expected a mapping, got {got}")
        self.path = path
        self.notes = notes
        self._value: Mapping[str, Any] = value
        if _MERGE in value:
            raise BuildspecError(f"{self.at(_MERGE)}: {_NO_MERGE}")
        for key in () if known is None else [key for key in value if key not in known]:
            if key in _REFUSED:
                raise BuildspecError(f"{self.at(key)}: {_REFUSED[key]}")
            expected = ", ".join(sorted(known or ()))
            notes.append(f"{self.at(key)}: ignored, it is none of {expected}")

    def __contains__(self, key: str) -> bool:
        return key in self._value

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def at(self, key: str) -> str:
        """The path of a key."""
        return f"{self.path}/{key}" if self.path else key

    def section(self, key: str, known: Collection[str] | None) -> Section:
        """A mapping inside; an empty one when it is not there."""
        return Section(self._value.get(key), self.at(key), known, self.notes)

    def sections(self, known: Collection[str]) -> Iterator[tuple[str, Section]]:
        """(name, mapping) of all that is inside, where names are the author's."""
        for key in self:
            yield key, self.section(key, known)

    def text(self, key: str, default: str = "") -> str:
        """A scalar, as it is written."""
        return _text(self._value.get(key, default), self.at(key))

    def choice(self, key: str, choices: Collection[str], default: str) -> str:
        """One of a few words."""
        found = self.text(key, default)
        if found not in choices:
            expected = " or ".join(choices) if len(choices) < 4 else "one of " + ", ".join(choices)  # noqa: PLR2004
            raise BuildspecError(f"{self.at(key)}: expected {expected}, got {found!r}")
        return found

    def flag(self, key: str) -> bool:
        """`yes` or `no`, also as true or false; no when it is absent."""
        found = self.text(key, "no").lower()
        if found not in _FLAGS:
            raise BuildspecError(f"{self.at(key)}: expected yes or no, got {found!r}")
        return _FLAGS[found]

    def texts(self, key: str, *, or_one: bool = False) -> tuple[str, ...]:
        """A list of scalars; with `or_one`, a single one stands for a list of it."""
        value = self._value.get(key)
        if value is None or value == "":
            return ()
        if or_one and isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise BuildspecError(f"{self.at(key)}: expected a list, got {_shown(value)}")
        return tuple(_text(item, f"{self.at(key)}[{i}]") for i, item in enumerate(value))

    def strings(self, key: str) -> dict[str, str]:
        """A mapping of names to scalars."""
        inside = self.section(key, None)
        return {name: inside.text(name) for name in inside}


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise BuildspecError(f"{path}: expected text, got {_shown(value)}")
    try:  # JSON may write a character beyond U+FFFF as two escapes (RFC 8259, "Strings")
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise BuildspecError(f"{path}: half of a surrogate pair in {_shown(value)}") from error


def _shown(value: Any) -> str:
    """The beginning of a value: one with aliases of aliases has no end."""
    return _SHORT.repr(value)


_SHORT = reprlib.Repr(maxlevel=2, maxstring=200, maxother=200)
