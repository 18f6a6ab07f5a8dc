"""What the file API's description says about bodies: schemas, and an example of each."""

from __future__ import annotations

from services.common.packaging.openapi import Json, ref
from services.files.runtime.api.announcement import CONTENT_TYPE, MAX_CHARACTERS, SHA256
from services.files.runtime.api.api import SHOWN_VERSIONS
from services.files.runtime.catalogue.kinds import MEDIA_TYPES, SUFFIXES, Kind
from services.files.runtime.catalogue.models import NO_OUTCOME, Status

ID = "4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11"
_VERSION = "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MOMENT, _LATER = "2026-11-26T09:26:53.589+00:00", "2026-11-26T09:41:53.589+00:00"
_NAME = "orders 2026.csv"

ANNOUNCEMENT: Json = {
    "filename": _NAME,
    "content_type": "text/csv; charset=utf-8",
    "size": 48211,
    "sha256": _DIGEST,
}
ANNOUNCED: Json = {
    "file_id": ID,
    "upload": {
        "method": "POST",
        "url": "https://tap-dev-uploads-222222222222-us-west-2.s3.us-west-2.amazonaws.com/",
        "fields": {
            "Content-Type": "text/csv; charset=utf-8",
            "key": f"uploads/{ID}/{_NAME}",
            "policy": "…",
            "x-amz-signature": "…",
        },
        "expires_at": _LATER,
    },
}
_SUMMARY: Json = {
    "file_id": ID,
    "filename": _NAME,
    "kind": Kind.TABLE.value,
    "announced_at": _MOMENT,
    "status": Status.PROCESSED.value,
    "updated_at": _MOMENT,
}
FILES: Json = {"files": [_SUMMARY], "next_cursor": "MjAyNi0xMS0yNlQwOToyNjo1My41ODkrMDA6MDAg"}
FILE: Json = {
    **_SUMMARY,
    "versions": [
        {
            "version_id": _VERSION,
            "current": True,
            "size": 48211,
            "received_at": _MOMENT,
            "attempts": 1,
            "status": Status.PROCESSED.value,
            "updated_at": _MOMENT,
        }
    ],
    "results": [
        {
            "name": "rows.jsonl",
            "content_type": "application/x-ndjson",
            "size": 90122,
            "sha256": _DIGEST,
            "url": "https://tap-dev-results-222222222222-us-west-2.s3.us-west-2.amazonaws.com/…",
            "expires_at": _LATER,
        }
    ],
}
STATUS: Json = {
    "status": "ok",
    "environment": "dev",
    "commit": "4f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
    "dependencies": {"catalogue": "ok", "uploads": "ok", "results": "ok"},
}


def schemas() -> Json:
    """By name; problems are not among them."""
    return {
        "Announcement": _announcement(),
        "Announced": _announced(),
        "Files": _object(
            {"files": {"type": "array", "items": ref("schemas", "Summary")}},
            {"next_cursor": _text("There if there are more: the next page's `cursor`")},
        ),
        "Summary": _object(*_summary()),
        "File": _file(),
        "Version": _version(),
        "Result": _result(),
        "Status": _status(),
    }


def _announcement() -> Json:
    media_types = "; ".join(f"of {kind} files {', '.join(MEDIA_TYPES[kind])}" for kind in Kind)
    filename = (
        f"Without folders and control characters; ends in one of {', '.join(SUFFIXES)}, in "
        "whatever case"
    )
    content_type = (
        f"What the file is said to be: {media_types}. A charset may follow; a table is read in it"
    )
    return _object(
        {
            "filename": {**_text(filename), "minLength": 1, "maxLength": MAX_CHARACTERS},
            "content_type": {**_text(content_type), "pattern": f"^{CONTENT_TYPE.pattern}$"},
            "size": {"type": "integer", "minimum": 1, "description": "Bytes, exactly"},
        },
        {
            "sha256": {
                **_text("Of the content, hexadecimal; with it, S3 takes nothing else"),
                "pattern": f"^{SHA256.pattern}$",
            }
        },
    )


def _announced() -> Json:
    upload = _object(
        {
            "method": {"const": "POST"},
            "url": {"type": "string", "format": "uri", "description": "Where the form goes"},
            "fields": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Send them all, as they are, before the part `file`",
            },
            "expires_at": _moment("Until when S3 takes the form"),
        },
        {},
    )
    return _object({"file_id": _id(), "upload": upload}, {})


def _summary() -> tuple[Json, Json]:
    """Members that are always there, and others."""
    required, optional = _standing()
    return {
        "file_id": _id(),
        "filename": _text("As announced"),
        "kind": {"enum": [each.value for each in Kind]},
        "announced_at": _moment("Or when it was found, if it was put into the bucket by hand"),
        **required,
    }, optional


def _standing() -> tuple[Json, Json]:
    status = {
        "enum": [each.value for each in Status],
        "description": (
            "`rejected`: the file is at fault. `failed`: we are; it may still become `processed`"
        ),
    }
    reason = f"Why, for programs, such as `truncated` or `{NO_OUTCOME}`"
    return (
        {"status": status, "updated_at": _moment("When that last changed")},
        {"reason": _text(reason), "detail": _text("Why, for people")},
    )


def _file() -> Json:
    required, optional = _summary()
    lists = {
        "versions": {
            "type": "array",
            "items": ref("schemas", "Version"),
            "maxItems": SHOWN_VERSIONS,
            "description": "One an upload, newest first",
        },
        "results": {
            "type": "array",
            "items": ref("schemas", "Result"),
            "description": "What was made of the newest version",
        },
    }
    return _object({**required, **lists}, optional)


def _version() -> Json:
    required, optional = _standing()
    return _object(
        {
            "version_id": _text("S3's name for it"),
            "current": {"type": "boolean", "description": "Whether it is the newest"},
            "size": {"type": "integer", "description": "Bytes"},
            "received_at": _moment("When work on it began first"),
            "attempts": {"type": "integer", "description": "How often it was begun"},
            **required,
        },
        optional,
    )


def _result() -> Json:
    return _object(
        {
            "name": _text("Tells it from the file's other results, such as `profile.json`"),
            "content_type": {"type": "string"},
            "size": {"type": "integer", "description": "Bytes"},
            "sha256": _text("Of the content, hexadecimal"),
            "url": {
                "type": "string",
                "format": "uri",
                "description": "A link that needs no signature; browsers save what it leads to",
            },
            "expires_at": _moment("Until when the link is valid"),
        },
        {},
    )


def _status() -> Json:
    return _object(
        {
            "status": {"enum": ["ok", "degraded"]},
            "environment": {"type": "string"},
            "commit": _text("Of what is deployed"),
            "dependencies": {
                "type": "object",
                "additionalProperties": {"enum": ["ok", "unavailable"]},
            },
        },
        {},
    )


def _object(required: Json, optional: Json) -> Json:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _id() -> Json:
    return {"type": "string", "format": "uuid"}


def _moment(description: str) -> Json:
    return {"type": "string", "format": "date-time", "description": description}
