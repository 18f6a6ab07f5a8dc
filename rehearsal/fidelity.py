"""What a run proved, what only a test checks, and what nothing here shows.

The rehearsal must not claim more than happened: a behaviour counts as exercised only when the
actions and smoke checks that show it succeeded *in this run*. What the behaviours are stands in
`rehearsal/behaviours.py`; tests hold that list against the emulator's corrections and the tests
it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Self

from rehearsal.behaviours import BEHAVIOURS, Behaviour


class Status(StrEnum):
    """How much a row is worth, best first."""

    EXERCISED = "exercised"
    CHECKED_STATICALLY = "checked statically"
    NOT_EXERCISED = "not exercised"


@dataclass(frozen=True)
class Row:
    """One behaviour of the delivery, and what speaks for it."""

    behaviour: str
    status: Status
    evidence: str


@dataclass(frozen=True)
class RunEvidence:
    """What succeeded in one run: actions as `Stage/Action`, checks as `environment/test name`."""

    actions: frozenset[str]
    checks: frozenset[str]

    @classmethod
    def of(cls, actions: Iterable[str], checks: Mapping[str, Iterable[str]]) -> Self:
        """From the labels of succeeded actions and each environment's passed smoke checks."""
        named = {f"{environment}/{name}" for environment, names in checks.items() for name in names}
        return cls(frozenset(actions), frozenset(named))

    def showing(self, pattern: str) -> list[str]:
        """What matches `action:<Stage>/<Action>` or `check:<environment>/<test>`; `*` is free."""
        kind, _, name = pattern.partition(":")
        known = {"action": self.actions, "check": self.checks}[kind]
        return sorted(one for one in known if fnmatchcase(one, name))


def table(evidence: RunEvidence) -> list[Row]:
    """Every behaviour with its status in this run, best first."""
    rows = [_row(behaviour, evidence) for behaviour in BEHAVIOURS]
    order = list(Status)
    return sorted(rows, key=lambda row: order.index(row.status))


def _row(behaviour: Behaviour, evidence: RunEvidence) -> Row:
    shown = [evidence.showing(pattern) for pattern in behaviour.shown_by]
    if shown and all(shown):
        return Row(behaviour.text, Status.EXERCISED, ", ".join(found[0] for found in shown))
    if behaviour.tested_by:
        return Row(behaviour.text, Status.CHECKED_STATICALLY, behaviour.tested_by)
    missing = [p for p, found in zip(behaviour.shown_by, shown, strict=True) if not found]
    why = behaviour.otherwise or f"did not succeed in this run: {', '.join(missing)}"
    return Row(behaviour.text, Status.NOT_EXERCISED, why)
