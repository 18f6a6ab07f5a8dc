"""Reads a stream in pieces of one size, however its own reads are cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from services.files.runtime.rejection import RejectedError


class Readable(Protocol):
    """As much of a binary stream as is needed: a file, or the body of an S3 object."""

    def read(self, size: int, /) -> bytes: ...


def pieces(source: Readable, size: int, max_bytes: int) -> Iterator[bytes]:
    """Pieces of exactly `size` bytes, the last one shorter; raises `too-many-bytes`.

    Their boundaries depend on the content alone, so that reading a file again gives them again.
    """
    total = 0
    while piece := _filled(source, size):
        total += len(piece)
        if total > max_bytes:
            raise RejectedError("too-many-bytes", f"The file is longer than {max_bytes:,} bytes.")
        yield piece


def _filled(source: Readable, size: int) -> bytes:
    parts = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
