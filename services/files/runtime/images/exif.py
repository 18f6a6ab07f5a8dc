"""The two things we read of TIFF directories: an orientation, and the number of pictures.

EXIF 2.32, 4.5.4 and CIPA DC-007 (Multi-Picture Format), 5.2. Nothing else of them is looked at, so
nothing else of them can do harm.
"""

from __future__ import annotations

import struct
from typing import Final

_ORIENTATION: Final = 0x0112
_NUMBER_OF_IMAGES: Final = 0xB001
_SHORT, _LONG = 3, 4
_ENTRY_BYTES: Final = 12
UPRIGHT: Final = 1
ORIENTATIONS: Final = range(1, 9)


class UnreadableError(Exception):
    """The directory is broken; the text says how."""


def orientation(block: bytes) -> int:
    """1 to 8; 1 when the block names none. block: EXIF from its byte order mark on."""
    value = _first_directory(block).get(_ORIENTATION, UPRIGHT)
    if value not in ORIENTATIONS:
        raise UnreadableError(f"the orientation is {value}, not one of 1 to 8")
    return value


def number_of_images(block: bytes) -> int:
    """How many pictures a Multi-Picture index announces, at least 1."""
    return max(_first_directory(block).get(_NUMBER_OF_IMAGES, 1), 1)


def _first_directory(block: bytes) -> dict[int, int]:
    """The single numbers of the first directory by tag; of a tag that comes twice, the first."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        raise UnreadableError(f"it starts with {block[:2]!r}, not with a byte order")
    try:
        magic, offset = struct.unpack_from(f"{order}HI", block, 2)
        if magic != 42:  # noqa: PLR2004 - TIFF 6.0, section 2
            raise UnreadableError(f"its number is {magic}, not 42")
        (count,) = struct.unpack_from(f"{order}H", block, offset)
        start = offset + 2
        entries = [_entry(block, start + i * _ENTRY_BYTES, order) for i in range(count)]
    except struct.error:
        raise UnreadableError("its first directory reaches beyond its end") from None
    return {tag: value for tag, value in reversed(entries) if value is not None}


def _entry(block: bytes, position: int, order: str) -> tuple[int, int | None]:
    tag, kind, count = struct.unpack_from(f"{order}HHI", block, position)
    form = {_SHORT: "H", _LONG: "I"}.get(kind)
    if form is None or count != 1:
        return tag, None
    (value,) = struct.unpack_from(order + form, block, position + 8)
    return tag, value
