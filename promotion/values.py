"""Where two values differ: only what differs, so that a reader need not compare them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from assembly.text import plain

_LONGEST: Final = 200
_HASH: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SHOWN_OF_A_HASH: Final = 12


class Missing:
    """No value at all, which is not the same as an empty one."""


MISSING: Final = Missing()


@dataclass(frozen=True)
class Difference:
    """path: such as `Environment.Variables.LEVEL`. before, after: texts; "" where nothing is."""

    path: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """In a line."""
        if not self.before:
            return f"{self.path}: {self.after} is new"
        if not self.after:
            return f"{self.path}: {self.before} goes"
        return f"{self.path}: {self.before} \u2192 {self.after}"


def differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    """Member by member; what stands in a list is new or goes, wherever it stands."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _function(before, after):
        for key in dict.fromkeys([*before, *after]):
            inner = f"{path}.{key}"
            yield from differences(inner, before.get(key, MISSING), after.get(key, MISSING))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(path, before, after)
    else:
        yield Difference(path, short(before), short(after))


def _of_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    olds, news = (Counter(json.dumps(e, sort_keys=True) for e in each) for each in (before, after))
    yield from (Difference(path, short(json.loads(e)), "") for e in (olds - news).elements())
    yield from (Difference(path, "", short(json.loads(e))) for e in (news - olds).elements())
    if olds == news:  # in another order
        yield Difference(path, short(before), short(after))


def _function(*values: dict[str, Any]) -> bool:
    """Whether one of them is an expression, of which only the whole means something."""
    return any(key == "Ref" or key.startswith("Fn::") for value in values for key in value)


def short(value: Any) -> str:
    """A value in a line, references as names, cut where it is long; "" for none."""
    if isinstance(value, Missing):
        return ""
    shown = plain(value)
    text = shown if isinstance(shown, str) else json.dumps(shown, sort_keys=True)
    # Nobody compares hashes by eye: enough of one to tell it from another.
    text = _HASH.sub(lambda found: f"{found[0][:_SHOWN_OF_A_HASH]}\u2026", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\u2026"
