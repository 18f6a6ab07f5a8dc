"""What a caller says about a file before uploading it, checked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.files.runtime.api.problems import (
    FileTooLargeError,
    InvalidAnnouncementError,
    UnsupportedFileTypeError,
)
from services.files.runtime.catalogue.kinds import MEDIA_TYPES, SUFFIXES, Kind, kind_of

# Of a file's name. With what stands before it in the key, the bytes stay below the 1024 of S3
# ("Naming Amazon S3 objects"); the characters are those of common file systems.
MAX_CHARACTERS, MAX_NAME_BYTES = 255, 900
SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
CONTENT_TYPE = re.compile(
    r"([A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+)(?: *; *charset=\"?[A-Za-z0-9._:-]{1,40}\"?)?"
)
_MEMBERS = ("filename", "content_type", "size", "sha256")
# S3 would put the name of the uploaded form's file there ("POST Object", Amazon S3 API Reference).
_PLACEHOLDER = "${filename}"
# Control characters, line and paragraph separators: not in headers, not in S3's XML.
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
_NO_CHARACTERS = "\ufffe\uffff"


@dataclass(frozen=True)
class Announcement:
    """size: bytes. sha256: lower-case hex, or None. content_type: as declared, charset included."""

    filename: str
    kind: Kind
    content_type: str
    size: int
    sha256: str | None


def parse(document: Mapping[str, object], max_bytes: Mapping[Kind, int]) -> Announcement:
    """max_bytes: of files, by their kind.

    Raises InvalidAnnouncementError, which lists everything that is wrong with the members;
    UnsupportedFileTypeError or FileTooLargeError if they are well-formed.
    """
    errors = [
        {"member": member, "detail": detail}
        for member, detail in _errors(document).items()
        if detail is not None
    ]
    if errors:
        detail = "; ".join(f"{error['member']}: {error['detail']}" for error in errors)
        raise InvalidAnnouncementError(detail, extensions={"errors": errors})
    filename, content_type = str(document["filename"]), str(document["content_type"])
    kind = _kind(filename)
    _require_media_type(content_type, kind)
    size = document["size"]
    if not isinstance(size, int) or size > max_bytes[kind]:
        raise FileTooLargeError(
            f"At most {max_bytes[kind]} bytes of {kind} files are processed",
            extensions={"max_bytes": max_bytes[kind]},
        )
    sha256 = document.get("sha256")
    return Announcement(
        filename, kind, content_type, size, str(sha256).lower() if sha256 is not None else None
    )


def _errors(document: Mapping[str, object]) -> dict[str, str | None]:
    """By member, what is wrong with it."""
    unknown = sorted(set(document) - set(_MEMBERS))
    return {
        "filename": _error_of_filename(document.get("filename")),
        "content_type": _error_of_content_type(document.get("content_type")),
        "size": _error_of_size(document.get("size")),
        "sha256": _error_of_sha256(document),
        **{_short(name): f"unknown; expected {', '.join(_MEMBERS)}" for name in unknown[:10]},
    }


def _error_of_filename(name: object) -> str | None:
    if not isinstance(name, str) or not name:
        return "expected the file's name"
    if len(name) > MAX_CHARACTERS or len(name.encode()) > MAX_NAME_BYTES:
        return f"longer than {MAX_CHARACTERS} characters or {MAX_NAME_BYTES} bytes in UTF-8"
    if "/" in name or "\\" in name:
        return "expected a name without folders"
    if _PLACEHOLDER in name:
        return f"{_PLACEHOLDER} has a meaning of its own in uploads"
    if any(unicodedata.category(c) in _UNPRINTABLE or c in _NO_CHARACTERS for c in name):
        return "has a control character"
    return None


def _error_of_content_type(content_type: object) -> str | None:
    if not isinstance(content_type, str) or not CONTENT_TYPE.fullmatch(content_type):
        return 'expected a content type, such as "image/jpeg" or "text/csv; charset=utf-8"'
    return None


def _error_of_size(size: object) -> str | None:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return "expected the file's size in bytes, at least 1"
    return None


def _error_of_sha256(document: Mapping[str, object]) -> str | None:
    if "sha256" not in document:
        return None
    sha256 = document["sha256"]
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        return "expected 64 hexadecimal digits"
    return None


def _kind(filename: str) -> Kind:
    kind = kind_of(filename)
    if kind is None:
        raise UnsupportedFileTypeError(
            f"filename must end in one of {', '.join(SUFFIXES)}",
            extensions={"allowed": list(SUFFIXES)},
        )
    return kind


def _require_media_type(content_type: str, kind: Kind) -> None:
    if content_type.partition(";")[0].strip().lower() not in MEDIA_TYPES[kind]:
        raise UnsupportedFileTypeError(
            f"content_type of {kind} files must be one of {', '.join(MEDIA_TYPES[kind])}",
            extensions={"allowed": list(MEDIA_TYPES[kind])},
        )


def _short(name: str) -> str:
    return name[:40]
