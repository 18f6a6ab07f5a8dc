"""What an update did to what was there before it: replaced, removed, and with data or without.

Every item of a table, object of a bucket and message of a queue that the environments held before
must be held afterwards, by a resource of the same type in a stack of the same account: what a
replaced table's data was copied to counts, what a stack left behind does not. And some of it is
read back through the application's own APIs, which must answer as before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

from embedded_aws.server import Server
from rehearsal import holdings
from rehearsal.accounts import Directory
from rehearsal.holdings import QUEUE, TABLE, Resource
from rehearsal.project import Project
from rehearsal.reading import Reading


@dataclass(frozen=True)
class Change:
    """What became of one resource of an account (its label). what: replaced, removed or kept.

    held: how much it stored before, None where that is not read: tables, buckets and queues are.
    lost: how much of that is gone.
    """

    account: str
    stack: str
    resource: str
    type: str
    what: str
    held: int | None
    lost: int

    @property
    def text(self) -> str:
        """For people."""
        data = f"with data ({self.held})" if self.held else "without data"
        data = "(what it stores is not read)" if self.held is None else data
        lost = f", {self.lost} LOST" if self.lost else ""
        return (
            f"{self.account}: {self.stack}/{self.resource} ({self.type}) {self.what} {data}{lost}"
        )


@dataclass(frozen=True)
class Update:
    """An update that is about to begin. commit: what was delivered. before: by account, region.
    told: by account, what its APIs answered (`Reader.find`)."""

    commit: str
    server: Server
    project: Project
    before: Mapping[tuple[str, str], Mapping[tuple[str, str], Resource]]
    told: Mapping[str, Mapping[str, Any]]

    @classmethod
    def begin(cls, commit: str, server: Server, project: Project, accounts: Sequence[str]) -> Self:
        """accounts: the labels of those that are delivered to."""
        places, directory = product(accounts, project.regions), Directory(server)
        before = {place: holdings.read(directory.session(*place)) for place in places}
        told = {}
        for label in accounts:
            if reader := project.reader(server, label):
                tables = (e for e in before[label, project.region].values() if e.kind == TABLE)
                told[label] = reader.find(key for each in tables for key in each.held or ())
        return cls(commit, server, project, before, told)

    @property
    def held(self) -> dict[str, int]:
        """How much data each account held before."""
        held = dict.fromkeys((label for label, _ in self.before), 0)
        for (label, _), resources in self.before.items():
            held[label] += sum(len(each.held or ()) for each in resources.values())
        return held

    def changes(self, accounts: Sequence[str] | None = None) -> tuple[Change, ...]:
        """What is different now, in these accounts or all."""
        directory = Directory(self.server)
        return tuple(
            change
            for (label, region), before in self.before.items()
            if accounts is None or label in accounts
            for change in compare(label, before, holdings.read(directory.session(label, region)))
        )

    def readings(self, accounts: Sequence[str] | None = None) -> tuple[Reading, ...]:
        """What these accounts' APIs, or all, answer now about what they told before."""
        found: list[Reading] = []
        for label, told in self.told.items():
            if told and (accounts is None or label in accounts):
                reader = self.project.reader(self.server, label)
                found += reader.again(told) if reader else _gone(label, told)
        return tuple(found)


def _gone(account: str, told: Iterable[str]) -> Iterator[Reading]:
    yield from (Reading(account, each.partition(" ")[2], "has no API any more") for each in told)


def compare(
    account: str,
    before: Mapping[tuple[str, str], Resource],
    after: Mapping[tuple[str, str], Resource],
) -> Iterator[Change]:
    """Resources that were replaced or removed, and those that lost data as they are."""
    kept: dict[str, set[str]] = {}
    for resource in after.values():
        kept.setdefault(resource.kind, set()).update(resource.held or ())
    for place, old in before.items():
        new = after.get(place)
        what = "removed" if new is None else "kept"
        if new is not None and new.physical != old.physical:
            what = "replaced"
        # A queue is there to be emptied.
        stays = what == "kept" and old.kind == QUEUE
        lost = 0 if stays else len(_lasting(old) - kept.get(old.kind, set()))
        if what != "kept" or lost:
            held = None if old.held is None else len(old.held)
            yield Change(account, old.stack, old.name, old.type, what, held, lost)


def _lasting(resource: Resource) -> set[str]:
    """What is stored and has not expired since."""
    now = time.time()
    held = (resource.held or {}).items()
    return {key for key, expires in held if expires is None or expires > now}
