"""The one form in which we zip what a function is made from, and whether an archive has it.

A zip archive can say two things: entries twice, names that lead elsewhere, bytes before, between or
after what its directory lists. Then who judges it may read other code than Lambda unpacks. An
archive of this form says one: it is, byte for byte, what packing its own entries gives.

Nothing in it depends on the machine: no times, no owners, and no compression, of which every
version of zlib makes other bytes. Format: APPNOTE.TXT, PKWARE.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

# Python's own words for an archive that it cannot read, or not as it says it is.
_UNREADABLE: Final = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError)
_REGULAR: Final = 0o100644 << 16
_UNIX: Final = 3


def pack(folder: Path, archive: Path) -> None:
    """Writes the files of `folder` to the new file `archive`."""
    with archive.open("xb") as target:
        _write(target, _files(folder))


def unpacked(archive: Path) -> dict[str, bytes] | None:
    """Name and content of every file in an archive of this form; None for any other file."""
    try:
        with zipfile.ZipFile(archive) as opened:
            files = dict(_stored(opened))
            packed = io.BytesIO()
            _write(packed, files.items())
    except _UNREADABLE:
        return None
    return files if packed.getvalue() == archive.read_bytes() else None


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _stored(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Raises ValueError for what is compressed, before it can fill the memory, or leads away."""
    for entry in archive.infolist():
        parts = entry.filename.split("/")
        if entry.compress_type != zipfile.ZIP_STORED or {"", ".", ".."} & set(parts):
            raise ValueError(entry.filename)
        yield entry.filename, archive.read(entry)


def _write(target: IO[bytes], files: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = _UNIX, _REGULAR
            archive.writestr(entry, content)
