"""A photo to upload, made here, and what is left of it in a derivative.

It is a baseline JPEG whose blocks are plain (ITU-T T.81), turned by its EXIF orientation, with a
place where it was taken and a description ("Exif Version 2.3", CIPA DC-008).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from functools import cache

# Pixels as stored; a multiple of 8 each. Whoever shows it turns it by 90 degrees.
WIDTH, HEIGHT = 2400, 1600
TURNED_CLOCKWISE = 6
DESCRIPTION = b"Taken by the smoke tests"

_SOI, _EOI, _SOS, _EXIF, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xFE
_FRAMES = {0xC0, 0xC1, 0xC2}
_SHORT_TYPE, _LONG_TYPE, _RATIONAL_TYPE, _TEXT_TYPE = 3, 4, 5, 2
# Codes of four bits, each for how many bits follow, and one code of one bit for "no more".
_LIGHT_TABLE = b"\0" + bytes([0, 0, 0, 9]) + bytes(12) + bytes(range(9))
_DETAIL_TABLE = b"\x10" + bytes([1]) + bytes(15) + b"\0"


def photo(*, width: int = WIDTH, height: int = HEIGHT, about: bool = True) -> bytes:
    """Soft light in three colours. about: with what EXIF says about it."""
    frame = struct.pack(">BHHB", 8, height, width, 3)
    frame += b"".join(bytes([component, 0x11, 0]) for component in (1, 2, 3))
    scan = b"\x03" + b"".join(bytes([component, 0]) for component in (1, 2, 3)) + b"\0\x3f\0"
    return b"".join(
        [
            bytes([0xFF, _SOI]),
            _segment(_EXIF, _exif()) if about else b"",
            _segment(0xDB, b"\0" + bytes([8]) * 64),
            _segment(0xC0, frame),
            _segment(0xC4, _LIGHT_TABLE),
            _segment(0xC4, _DETAIL_TABLE),
            _segment(_SOS, scan),
            _coded(width // 8, height // 8),
            bytes([0xFF, _EOI]),
        ]
    )


def shape(jpeg: bytes) -> tuple[int, int]:
    """Width and height in pixels, as stored. Raises ValueError for what is no JPEG."""
    for marker, content in _segments(jpeg):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, 1)
            return width, height
    raise ValueError("has no frame")


def tells_about(jpeg: bytes) -> bool:
    """Whether it holds anything but pixels and how they are coded. Raises ValueError like shape."""
    markers = {marker for marker, _ in _segments(jpeg)}
    # Of the application segments, only the first kind (JFIF) is about coding.
    return DESCRIPTION in jpeg or bool(markers & {*range(_EXIF, 0xF0), _COMMENT})


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers and contents up to the coded pixels."""
    if jpeg[:2] != bytes([0xFF, _SOI]):
        raise ValueError(f"starts with {jpeg[:4]!r}, not like a JPEG")
    at, marker = 2, 0
    while marker != _SOS and at + 4 <= len(jpeg):
        _, marker, length = struct.unpack_from(">BBH", jpeg, at)
        yield marker, jpeg[at + 4 : at + 2 + length]
        at += 2 + length


def _exif() -> bytes:
    """Which way is up, what it shows, and where that is: 36 degrees north, 140 east."""
    head, entry, end = 8, 12, 4
    places_at = head + 2 + 3 * entry + end
    texts_at = places_at + 2 + 4 * entry + end
    degrees_at = texts_at + len(DESCRIPTION) + 1
    tags = [
        struct.pack("<HHII", 0x010E, _TEXT_TYPE, len(DESCRIPTION) + 1, texts_at),
        struct.pack("<HHIHH", 0x0112, _SHORT_TYPE, 1, TURNED_CLOCKWISE, 0),
        struct.pack("<HHII", 0x8825, _LONG_TYPE, 1, places_at),
    ]
    places = [
        struct.pack("<HHI4s", 1, _TEXT_TYPE, 2, b"N"),
        struct.pack("<HHII", 2, _RATIONAL_TYPE, 3, degrees_at),
        struct.pack("<HHI4s", 3, _TEXT_TYPE, 2, b"E"),
        struct.pack("<HHII", 4, _RATIONAL_TYPE, 3, degrees_at + 24),
    ]
    degrees = struct.pack("<12I", 36, 1, 5, 1, 0, 1, 140, 1, 7, 1, 0, 1)
    return b"".join(
        [
            b"Exif\0\0II*\0",
            struct.pack("<I", head),
            *(struct.pack("<H", len(tags)), *tags, bytes(end)),
            *(struct.pack("<H", len(places)), *places, bytes(end)),
            DESCRIPTION + b"\0",
            degrees,
        ]
    )


def _coded(columns: int, rows: int) -> bytes:
    """All blocks, each by what its brightness and colours differ in from the block before."""
    before = (0, 0, 0)
    bits = []
    for row in range(rows):
        for column in range(columns):
            light = _light(column / columns, row / rows)
            bits += [_difference(new - old) for new, old in zip(light, before, strict=True)]
            before = light
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8).replace(b"\xff", b"\xff\0")


def _light(x: float, y: float) -> tuple[int, int, int]:
    """Brightness and both colours, from -100 to 100."""
    waves = math.sin(7 * x + 3 * y), math.cos(5 * y - 2 * x), math.sin(4 * x * y + 1)
    return round(100 * waves[0]), round(60 * waves[1]), round(60 * waves[2])


@cache
def _difference(value: int) -> str:
    """A block's bits: how many follow, these, and that there is nothing more to the block."""
    length = abs(value).bit_length()
    coded = value if value >= 0 else value + (1 << length) - 1
    digits = f"{coded:0{length}b}" if length else ""
    return f"{length:04b}{digits}0"
