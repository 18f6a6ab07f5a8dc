"""A file's bytes, looked at without reading it into memory."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path

Bytes = bytes | mmap.mmap


@contextlib.contextmanager
def opened(path: Path) -> Iterator[mmap.mmap]:
    """The file mapped into memory, read only; it must not be empty."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data
