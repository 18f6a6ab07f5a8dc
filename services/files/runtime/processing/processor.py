"""One event about one version of a file: claimed, transformed, stored, recorded.

Whatever a retry, a duplicate, a late event or a death half-way does to these steps, a version ends
once. Results lie under keys that no other version has, and are made before the outcome is written;
writing it takes the row as this attempt claimed it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from services.common.runtime.problems import UnavailableError
from services.files.runtime.catalogue.keys import announced_id, derived_id, name_in, result_key
from services.files.runtime.catalogue.kinds import Kind, kind_of
from services.files.runtime.catalogue.models import (
    UPLOAD_WAIT,
    FileRow,
    Result,
    Standing,
    Status,
    VersionRow,
)
from services.files.runtime.catalogue.ports import Versions
from services.files.runtime.processing import claims
from services.files.runtime.processing.claims import Claimant, Standstill
from services.files.runtime.processing.event import EventError, Upload
from services.files.runtime.processing.ports import Objects, Source, Transform
from services.files.runtime.rejection import RejectedError

TOO_MANY_BYTES = "too-many-bytes"
# The row changed between look and claim: somebody else took it. Twice in a row is rare.
_TRIES = 3


class Outcome(StrEnum):
    """Of an event. DONE: its version had an outcome. BUSY: somebody else is at work on it.

    OVERTAKEN: somebody else took it meanwhile. For the last two, another event is answerable, so
    none of them needs this one any more.
    """

    PROCESSED = "processed"
    REJECTED = "rejected"
    DONE = "done"
    BUSY = "busy"
    OVERTAKEN = "overtaken"


class AttemptError(Exception):
    """An attempt went wrong and is to be repeated. failed: it was the last; the row says so.

    cause: the error. Its text may quote a file, so it is for nobody's log.
    """

    def __init__(self, cause: Exception, *, failed: bool) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause
        self.failed = failed


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Processor:
    """Processes one kind of files.

    max_bytes: of an upload; a larger one is rejected unread. max_attempts: how often Lambda runs
    the function for one event. scratch: a folder of its own on the local disk, emptied each time.
    """

    kind: Kind
    transform: Transform
    catalogue: Versions
    objects: Objects
    max_bytes: int
    max_attempts: int
    scratch: Path
    now: Callable[[], datetime] = _utc_now

    def process(self, upload: Upload, lease_until: datetime) -> Outcome:
        """Raises AttemptError, or UnavailableError and EventError when there was no claim."""
        file = self._file(upload)
        claimed = self._claim(upload, file, lease_until)
        if isinstance(claimed, Standstill):
            return Outcome(claimed.value)
        try:
            return self._finish(self._ending(upload, claimed), file)
        except Exception as error:
            # The edge of an attempt: whatever it was, the row says so, and Lambda hears of it.
            raise AttemptError(error, failed=self._give_back(claimed, error)) from error

    def _file(self, upload: Upload) -> FileRow:
        """The file that was announced under this key, or else one that was found in the bucket."""
        if kind_of(upload.key) is not self.kind:
            raise EventError(f"key has no suffix of {self.kind} files")
        file_id = announced_id(upload.key)
        known = self.catalogue.file(file_id) if file_id else None
        if known is not None and known.s3_key == upload.key:
            return known
        if file_id is None or known is not None:
            file_id = derived_id(upload.key)
        now = self.now()
        found = FileRow(
            file_id=file_id,
            filename=name_in(upload.key),
            kind=self.kind,
            s3_key=upload.key,
            announced_at=now,
            standing=Standing(status=Status.ANNOUNCED, updated_at=now),
            expires_at=now + UPLOAD_WAIT,
        )
        return self.catalogue.add(found) or found

    def _claim(
        self, upload: Upload, file: FileRow, lease_until: datetime
    ) -> VersionRow | Standstill:
        for _ in range(_TRIES):
            seen = self.catalogue.version(file.file_id, upload.version_id)
            claimant = Claimant(upload.event_id, self.now(), lease_until)
            wanted = claims.claim(seen, upload, file.file_id, claimant)
            if isinstance(wanted, Standstill) or self.catalogue.save(wanted, file.kind):
                return wanted
        raise UnavailableError

    def _ending(self, upload: Upload, claimed: VersionRow) -> VersionRow:
        try:
            results = self._results(upload, claimed)
        except RejectedError as error:
            return claims.rejected(claimed, error, self.now())
        return claims.processed(claimed, results, self.now())

    def _results(self, upload: Upload, claimed: VersionRow) -> list[Result]:
        if upload.size > self.max_bytes:
            raise RejectedError(
                TOO_MANY_BYTES, f"{upload.size} bytes; at most {self.max_bytes} are processed"
            )
        # A sandbox whose last invocation was killed still has its files.
        shutil.rmtree(self.scratch, ignore_errors=True)
        products_folder = self.scratch / "products"
        products_folder.mkdir(parents=True)
        path = self.scratch / "source"
        try:
            content_type = self.objects.fetch(upload, path)
            products = self.transform(
                Source(path, name_in(upload.key), content_type), products_folder
            )
            return [
                self.objects.store(
                    result_key(claimed.file_id, claimed.version_id, product.name), product
                )
                for product in products
            ]
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _finish(self, ending: VersionRow, file: FileRow) -> Outcome:
        if not self.catalogue.save(ending, file.kind):
            # Our lease ran out, or this event was delivered to two workers at once.
            return Outcome.OVERTAKEN
        return Outcome(ending.standing.status.value)

    def _give_back(self, claimed: VersionRow, error: Exception) -> bool:
        """Whether the version is marked as failed now."""
        last = claimed.attempt >= self.max_attempts
        row = claims.given_back(claimed, type(error).__name__, self.now(), last=last)
        try:
            return self.catalogue.save(row, self.kind) and last
        except UnavailableError:
            # The lease tells the same, only later.
            return False
