"""What a run proved, what only a test shows or checks, and what nothing here shows.

The rehearsal must not claim more than happened: a behaviour counts as exercised only when the
actions and smoke checks that show it succeeded *in this run*. What the behaviours are, the project
says; ours stand in `rehearsal/behaviours.py`, and tests hold that list against the emulator's
corrections and the tests it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Self

from embedded_aws.isolation import Isolation
from rehearsal.behaviour import Behaviour
from rehearsal.project import Target


class Status(StrEnum):
    """How much a row is worth, best first."""

    EXERCISED = "exercised"
    TESTED = "shown by a test"
    CHECKED_STATICALLY = "checked statically"
    NOT_EXERCISED = "not exercised"


@dataclass(frozen=True)
class Row:
    """One behaviour of the delivery, of a group of the project's, and what speaks for it."""

    group: str
    behaviour: str
    status: Status
    evidence: str
    at_aws: str = "never recorded"
    """What the newest recording of a delivery at AWS says of it."""


@dataclass(frozen=True)
class RunEvidence:
    """What succeeded in one run: actions as `Stage/Action`, checks as `target/test name`.

    `isolation` is what the server says of its builds.
    """

    actions: frozenset[str]
    checks: frozenset[str]
    isolation: Isolation

    @classmethod
    def of(
        cls, actions: Iterable[str], checks: Mapping[str, Iterable[str]], isolation: Isolation
    ) -> Self:
        """From the labels of succeeded actions and each target's passed smoke checks."""
        named = {f"{target}/{name}" for target, names in checks.items() for name in names}
        return cls(frozenset(actions), frozenset(named), isolation)

    def showing(self, pattern: str) -> list[str]:
        """What matches `action:<Stage>/<Action>`, `check:<target>/<test>` or
        `isolation:<program and version>`; `*` is free."""
        kind, _, name = pattern.partition(":")
        by = frozenset({self.isolation.by} - {""})
        known = {"action": self.actions, "check": self.checks, "isolation": by}[kind]
        return sorted(one for one in known if fnmatchcase(one, name))


@dataclass(frozen=True)
class Recorded:
    """What was recorded of a delivery at AWS, and when."""

    when: str
    evidence: RunEvidence


def table(
    evidence: RunEvidence,
    targets: Sequence[Target],
    groups: Mapping[str, Sequence[Behaviour]],
    recorded: Recorded | None = None,
) -> list[Row]:
    """Every behaviour of the groups with its status in this run, best first.

    targets: the project's, in order. What shows a behaviour must have happened in each of them.
    recorded: None where nobody ever recorded what AWS does.
    """
    rows = [
        _beside(_row(group, behaviour, evidence, targets), behaviour, recorded, targets)
        for group, behaviours in groups.items()
        for behaviour in behaviours
    ]
    order = list(Status)
    return sorted(rows, key=lambda row: order.index(row.status))


def _row(group: str, behaviour: Behaviour, evidence: RunEvidence, targets: Sequence[Target]) -> Row:
    patterns = [p for each in behaviour.shown_by for p in _in_each(each, targets)]
    shown = [evidence.showing(pattern) for pattern in patterns]
    if shown and all(shown):
        proof = ", ".join(found[0] for found in shown)
        return Row(group, behaviour.text, Status.EXERCISED, proof)
    if behaviour.emulated_by:
        return Row(group, behaviour.text, Status.TESTED, behaviour.emulated_by)
    if behaviour.tested_by:
        return Row(group, behaviour.text, Status.CHECKED_STATICALLY, behaviour.tested_by)
    missing = [p for p, found in zip(patterns, shown, strict=True) if not found]
    if any(pattern.startswith("isolation:") for pattern in missing):
        return Row(group, behaviour.text, Status.NOT_EXERCISED, str(evidence.isolation))
    why = behaviour.otherwise or f"did not succeed in this run: {', '.join(missing)}"
    return Row(group, behaviour.text, Status.NOT_EXERCISED, why)


def _beside(
    row: Row, behaviour: Behaviour, recorded: Recorded | None, targets: Sequence[Target]
) -> Row:
    """The row with what the recording says of its behaviour."""
    if recorded is None:
        return row
    patterns = [p for each in behaviour.shown_by for p in _in_each(each, targets)]
    there = [p for p in patterns if not p.startswith("isolation:")]
    if not there:
        said = "no recording could show it"
    elif all(recorded.evidence.showing(pattern) for pattern in there):
        said = f"shown, recorded {recorded.when}"
    else:
        said = f"not shown, recorded {recorded.when}"
    return replace(row, at_aws=said)


def _in_each(pattern: str, targets: Sequence[Target]) -> Iterator[str]:
    """The pattern once for every target, or as it stands where it speaks of none."""
    last = targets[-1].stage
    filled = (pattern.format(stage=t.stage, environment=t.name, last=last) for t in targets)
    yield from dict.fromkeys(filled)
