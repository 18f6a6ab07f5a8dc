"""What the functions need of the catalogue. Every method may raise `UnavailableError`.

A write that raises may or may not have happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import FileRow, Status, VersionRow


class Files(Protocol):
    """The rows of files."""

    def add(self, file: FileRow) -> FileRow | None:
        """Write `file` unless there is one with its id; that one is returned then, else None."""

    def file(self, file_id: str) -> FileRow | None:
        """The row as of now: a read after a write sees it."""


class Versions(Files, Protocol):
    """The rows of versions, for those who process them."""

    def version(self, file_id: str, version_id: str) -> VersionRow | None:
        """The row as of now."""

    def save(self, version: VersionRow, kind: Kind) -> bool:
        """Write `version` over its revision before, and let its file follow, both or neither.

        kind: the file's. The file stays as it is if it knows a newer version. False: the row is
        not the revision before (any more); an equal row counts as written.
        """


@dataclass(frozen=True)
class Page:
    """Files, newest first. more: older ones may follow."""

    files: tuple[FileRow, ...]
    more: bool


@dataclass(frozen=True)
class Part:
    """What one query reads of an index. status: None for all."""

    kind: Kind
    status: Status | None
    shard: int


class Shelf(Files, Protocol):
    """What the API reads and writes. Pages come from an index that lags behind the rows."""

    def versions(self, file_id: str) -> Sequence[VersionRow]:
        """Of one file, in no order."""

    def extend(self, file_id: str, expires_at: datetime) -> None:
        """Let a file that is still waited for expire later; others stay."""

    def page(self, part: Part, before: str | None, limit: int) -> Page:
        """Files whose `listed_at` is below `before`, at most `limit`."""
