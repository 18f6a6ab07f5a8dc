"""Where objects lie. Each name holds the ids that make it unlike every other.

Keys are plain text here and in EventBridge's events ("EventBridge event message structure", Amazon
S3 User Guide); only S3's own notifications encode them like URLs.
"""

from __future__ import annotations

import hashlib
import re
import uuid

UPLOADS = "uploads/"
RESULTS = "results/"
_ANNOUNCED = re.compile(
    f"{UPLOADS}([0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}})/[^/]+",
    re.DOTALL,
)


def upload_key(file_id: str, filename: str) -> str:
    """In the bucket of uploads. The file's own name stays at its end, character by character."""
    return f"{UPLOADS}{file_id}/{filename}"


def name_in(key: str) -> str:
    """The file's own name in the key of an upload."""
    return key.rpartition("/")[2]


def result_key(file_id: str, version_id: str, name: str) -> str:
    """In the bucket of results. No two versions of any files share one."""
    return f"{RESULTS}{file_id}/{version_id}/{name}"


def announced_id(key: str) -> str | None:
    """The file's id in a key that `upload_key` made; None for a key of another shape."""
    match = _ANNOUNCED.fullmatch(key)
    return match[1] if match else None


def id_in(key: str) -> str:
    """The id of the file under a key, but for a stray one in an announced file's folder."""
    return announced_id(key) or derived_id(key)


def derived_id(key: str) -> str:
    """The id of a file that was put into the bucket by hand: always the same for a key."""
    return named_id(f"object {key}")


def named_id(name: str) -> str:
    """A UUID that follows from a text. 5 marks it as name-based."""
    return str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=5))
