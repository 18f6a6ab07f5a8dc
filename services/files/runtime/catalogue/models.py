"""Files and their versions as the catalogue has them.

A file is announced (or found in the bucket), and may be uploaded more than once: each upload is a
version. Every version ends once. The file's row repeats how its newest version stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.files.runtime.catalogue.kinds import Kind

# A version that nobody works on any more comes up again within this time, if ever: Lambda waits one
# minute, then two, before it repeats a failed asynchronous invocation ("How Lambda handles errors
# and retries with asynchronous invocation").
PATIENCE = timedelta(minutes=5)
# A file that was announced or found, and of which nothing more is heard, expires. Events may come
# late: EventBridge tries to deliver them for a day ("How EventBridge retries delivering events"),
# Lambda's own queue holds them for six hours.
UPLOAD_WAIT = timedelta(days=7)
# The reason of a version that was left without an outcome for longer than that.
NO_OUTCOME = "no-outcome"
# Longer than S3's own; a longer one is refused rather than misplaced.
SEQUENCER_WIDTH = 40
_SEQUENCER = re.compile(f"[0-9A-Fa-f]{{1,{SEQUENCER_WIDTH}}}")


class Status(StrEnum):
    """ANNOUNCED is a file's alone. The last three end a version; only FAILED may still be mended.

    REJECTED: the file is at fault. FAILED: we are, and its event waits in the dead-letter queue.
    """

    ANNOUNCED = "announced"
    PROCESSING = "processing"
    PROCESSED = "processed"
    REJECTED = "rejected"
    FAILED = "failed"


FINAL = frozenset({Status.PROCESSED, Status.REJECTED})


@dataclass(frozen=True)
class Result:
    """One file that was made of a version. size: bytes. sha256: hex. key: in the results' bucket.

    name: what tells it from the version's other results, e.g. "profile.json".
    """

    name: str
    key: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How something stands. reason: a word for programs; detail: a sentence for people.

    lease_until: while PROCESSING, until when somebody may be at work. Moments are aware, in UTC.
    """

    status: Status
    updated_at: datetime
    reason: str | None = None
    detail: str | None = None
    lease_until: datetime | None = None

    def overdue(self, now: datetime) -> bool:
        """Whether it was left without an outcome: nobody at work, and no retry in time.

        It reads as FAILED then, although nobody was left to write so. A later success mends it.
        """
        return (
            self.status is Status.PROCESSING
            and self.lease_until is not None
            and now > self.lease_until + PATIENCE
        )

    def as_of(self, now: datetime) -> Standing:
        """What to tell about it."""
        if not self.overdue(now):
            return self
        return Standing(
            status=Status.FAILED,
            updated_at=self.updated_at,
            reason=self.reason or NO_OUTCOME,
            detail="Processing was begun and ended without an outcome",
        )


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """One version of one file: the only place where its outcome is decided.

    sequencer: S3's order of the versions of a key, as `in_order` makes it. size: bytes.
    revision: 1 when it was first written, one more with every write. claimed_by: the id of the
    event that it is or was worked on for. attempt: how often that was begun for this event.
    """

    file_id: str
    version_id: str
    sequencer: str
    size: int
    standing: Standing
    created_at: datetime
    revision: int
    claimed_by: str
    attempt: int
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """One file. s3_key: in the bucket of uploads. announced_at: or when it was found.

    standing, version_id, sequencer: of the newest version, by S3's order. expires_at: of a file
    that nobody has uploaded yet. body_sha256: hex digest of the announcement as sent, and
    announced_by: id of the HTTP call that made it; both None for a file that was found.
    """

    file_id: str
    filename: str
    kind: Kind
    s3_key: str
    announced_at: datetime
    standing: Standing
    version_id: str | None = None
    sequencer: str | None = None
    expires_at: datetime | None = None
    body_sha256: str | None = None
    announced_by: str | None = None

    def expired(self, now: datetime) -> bool:
        """Whether DynamoDB will remove it within days; from now on it does not count any more."""
        return self.expires_at is not None and now >= self.expires_at


def in_order(sequencer: str) -> str:
    """S3's sequencer in a form that sorts as text. Raises ValueError for what is none.

    They are hexadecimal and differ in length ("Event message structure", Amazon S3 User Guide).
    """
    if not _SEQUENCER.fullmatch(sequencer):
        raise ValueError("not a sequencer")
    return sequencer.upper().zfill(SEQUENCER_WIDTH)
