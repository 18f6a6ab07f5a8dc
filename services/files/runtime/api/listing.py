"""Pages of files, newest first, put together from the partitions of an index.

A cursor is a place in the order of all files, so it stays right whatever is added, and whatever
filter it is used with.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from services.files.runtime.api.problems import InvalidParameterError
from services.files.runtime.catalogue.items import SHARDS, listed_at
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import FileRow, Status
from services.files.runtime.catalogue.ports import Page, Part, Shelf

_POSITION = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+00:00 [0-9a-f-]{36}"
)
LONGEST_CURSOR = 100


@dataclass(frozen=True)
class Wish:
    """What a caller wants to see. None: all of them. before: files below this `listed_at`."""

    kind: Kind | None
    status: Status | None
    before: str | None
    limit: int


@dataclass(frozen=True)
class Listing:
    """next: where to go on, or None at the end. files: as they stand now; maybe fewer than wanted,
    even none, because what has expired meanwhile or stands otherwise by now is left out.
    """

    files: tuple[FileRow, ...]
    next: str | None


class Map(Protocol):
    """Results in the order of the items, however many are under way at once."""

    def __call__[T, R](self, function: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]: ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Lister:
    """each: like `map`; asks the partitions one after the other, or at once."""

    files: Shelf
    each: Map = map
    now: Callable[[], datetime] = _utc_now

    def list(self, wish: Wish) -> Listing:
        def ask(part: Part) -> Page:
            return self.files.page(part, wish.before, wish.limit)

        pages = [*self.each(ask, _parts(wish))]
        found = sorted((file for page in pages for file in page.files), key=listed_at, reverse=True)
        shown = found[: wish.limit]
        more = len(found) > len(shown) or any(page.more for page in pages)
        return Listing(
            tuple(file for file in map(self._as_of_now, shown) if self._fits(file, wish)),
            listed_at(shown[-1]) if more and shown else None,
        )

    def _as_of_now(self, file: FileRow) -> FileRow:
        return replace(file, standing=file.standing.as_of(self.now()))

    def _fits(self, file: FileRow, wish: Wish) -> bool:
        wanted = wish.status is None or file.standing.status is wish.status
        return wanted and not file.expired(self.now())


def _parts(wish: Wish) -> list[Part]:
    kinds = list(Kind) if wish.kind is None else [wish.kind]
    statuses = [wish.status]
    if wish.status is Status.FAILED:
        # Some failed without anybody left to write so (`Standing.overdue`).
        statuses.append(Status.PROCESSING)
    return [
        Part(kind, status, shard)
        for kind in kinds
        for status in statuses
        for shard in range(SHARDS)
    ]


def cursor_of(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str) -> str:
    """Raises InvalidParameterError for a text that is no cursor of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        position = ""
    if len(cursor) > LONGEST_CURSOR or not _POSITION.fullmatch(position):
        raise InvalidParameterError("cursor is none that an earlier answer gave")
    return position
