"""Files as callers see them: what happened, not how we keep books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.files.runtime.api.announcing import Announced
from services.files.runtime.api.links import Link
from services.files.runtime.catalogue.items import moment
from services.files.runtime.catalogue.models import FileRow, Result, Standing, VersionRow

# A download's name stands in its link, up to five times as long as in UTF-8, beside the token of a
# session, a kilobyte or more. S3 takes 8192 bytes of query and headers ("Error responses", Amazon
# S3 API Reference: RequestHeaderSectionTooLarge).
LONGEST_STEM = 100

Document = dict[str, object]
Download = tuple[Result, Link]


def announced(answer: Announced) -> Document:
    form = answer.form
    return {
        "file_id": answer.file.file_id,
        "upload": {
            "method": "POST",
            "url": form.url,
            "fields": form.fields,
            "expires_at": moment(form.expires_at),
        },
    }


def summary(file: FileRow) -> Document:
    """One entry of a list. The file stands as of now already."""
    return {
        "file_id": file.file_id,
        "filename": file.filename,
        "kind": file.kind.value,
        "announced_at": moment(file.announced_at),
        **standing(file.standing),
    }


def version(row: VersionRow, now: datetime, *, current: bool) -> Document:
    return {
        "version_id": row.version_id,
        "current": current,
        "size": row.size,
        "received_at": moment(row.created_at),
        "attempts": row.attempt,
        **standing(row.standing.as_of(now)),
    }


def standing(now: Standing) -> Document:
    members = {
        "status": now.status.value,
        "updated_at": moment(now.updated_at),
        "reason": now.reason if now.lease_until is None else None,
        "detail": now.detail,
    }
    return {name: value for name, value in members.items() if value is not None}


def results(pairs: Sequence[Download]) -> list[Document]:
    return [
        {
            "name": result.name,
            "content_type": result.content_type,
            "size": result.size,
            "sha256": result.sha256,
            "url": link.url,
            "expires_at": moment(link.expires_at),
        }
        for result, link in pairs
    ]


def download_name(filename: str, result: Result) -> str:
    """E.g. "holiday.profile.json" for a result of "holiday.csv"; a very long name is cut."""
    return f"{filename.rpartition('.')[0][:LONGEST_STEM]}.{result.name}"
