"""Announcing files: a row, and a form that lets the file come."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.common.runtime.idempotency import KeyReusedError
from services.files.runtime.api.announcement import Announcement
from services.files.runtime.api.links import Form, Links
from services.files.runtime.catalogue.keys import named_id, upload_key
from services.files.runtime.catalogue.models import UPLOAD_WAIT, FileRow, Standing, Status
from services.files.runtime.catalogue.ports import Shelf


@dataclass(frozen=True)
class Submission:
    """An announcement as it was handed in. body: exactly as sent. call_id: of the HTTP call.

    principal: who sent it. idempotency_key: the caller's name for this file, or None.
    """

    announcement: Announcement
    body: bytes
    principal: str
    call_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Announced:
    """The answer. replayed: an earlier call had announced the same file."""

    file: FileRow
    form: Form
    replayed: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Announcing:
    """A file that is announced and never uploaded expires with its row."""

    files: Shelf
    links: Links
    now: Callable[[], datetime] = _utc_now
    new_id: Callable[[], uuid.UUID] = uuid.uuid4

    def announce(self, submission: Submission) -> Announced:
        """The same key and body give the same file, and a fresh form each time.

        Raises KeyReusedError when the key stands for another body.
        """
        draft = self._draft(submission)
        form = self.links.upload(draft.s3_key, submission.announcement)
        stored = self.files.add(draft)
        if stored is None:
            return Announced(draft, form, replayed=False)
        if stored.body_sha256 != draft.body_sha256:
            raise KeyReusedError("Use a new key for a new file")
        if stored.expires_at is not None and draft.expires_at is not None:
            self.files.extend(stored.file_id, draft.expires_at)
        # The stored row may be our own: a reply was lost and the client library asked again.
        return Announced(stored, form, replayed=stored.announced_by != draft.announced_by)

    def _draft(self, submission: Submission) -> FileRow:
        now = self.now()
        file_id = self._file_id(submission)
        announcement = submission.announcement
        return FileRow(
            file_id=file_id,
            filename=announcement.filename,
            kind=announcement.kind,
            s3_key=upload_key(file_id, announcement.filename),
            announced_at=now,
            standing=Standing(status=Status.ANNOUNCED, updated_at=now),
            expires_at=now + UPLOAD_WAIT,
            body_sha256=hashlib.sha256(submission.body).hexdigest(),
            announced_by=submission.call_id,
        )

    def _file_id(self, submission: Submission) -> str:
        if submission.idempotency_key is None:
            return str(self.new_id())
        # Neither has a space, so no two pairs make the same text (see `http.Call.principal`).
        return named_id(f"announcement {submission.principal} {submission.idempotency_key}")
