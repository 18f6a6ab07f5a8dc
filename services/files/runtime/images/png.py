"""Reads a PNG's chunks: sizes, orientation, profile, and which bytes are the picture itself.

PNG, third edition (W3C, 2025): sections 5 (chunks), 11 (what they mean), and APNG's chunks therein.
Every chunk's checksum is checked. Of compressed chunks only iCCP is expanded, up to a limit; texts
are never. An animation is rendered as the still picture that IDAT holds, which every viewer without
animations shows.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.files.runtime.images import exif, icc
from services.files.runtime.images.animation import Animation
from services.files.runtime.images.header import Colour, Header, Note, corrupt, truncated
from services.files.runtime.images.limits import Limits
from services.files.runtime.images.reasons import Reason
from services.files.runtime.images.source import Bytes
from services.files.runtime.rejection import RejectedError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PICTURE: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_LONGEST_CHUNK: Final = 2**31 - 1
_SLICE: Final = 1024 * 1024
# Length, type and checksum, around what a chunk says.
_HEAD, _TAIL = 8, 4
_HEADER_BYTES: Final = 13
# Section 11.2.1, table 12: by colour type, the colours and which bits a sample may have.
_COLOURS: Final[dict[int, tuple[Colour, tuple[int, ...]]]] = {
    0: ("grey", (1, 2, 4, 8, 16)),
    2: ("rgb", (8, 16)),
    3: ("palette", (1, 2, 4, 8)),
    4: ("grey", (8, 16)),
    6: ("rgb", (8, 16)),
}
_ALPHA: Final = (4, 6)


@dataclass(frozen=True)
class _Chunk:
    """type: its four letters. start, end: with length and checksum."""

    type: bytes
    start: int
    end: int

    def body(self, data: Bytes) -> bytes:
        return data[self.start + _HEAD : self.end - _TAIL]


@dataclass
class _Reading:
    """What has been found so far."""

    header: bytes = b""
    alpha: bool = False
    palette: bool = False
    pixels: bool = False
    exif: bytes | None = None
    profile: bytes | None = None
    animation: Animation = field(default_factory=Animation)
    kept: list[tuple[int, int]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read(data: Bytes, limits: Limits) -> Header:
    """The header of a file that starts with SIGNATURE. Raises RejectedError."""
    reading = _Reading(kept=[(0, len(SIGNATURE))])
    for count, chunk in enumerate(_chunks(data)):
        limits.check_parts(count)
        _note(data, chunk, reading)
    if not reading.pixels:
        raise corrupt("The PNG ends without a picture.")
    trailing = len(data) - reading.kept[-1][1]
    if trailing:
        detail = f"{trailing:,} bytes after the picture were ignored."
        reading.notes.append(Note("trailing-data", detail))
    reading.notes.extend(reading.animation.notes())
    return _header(reading)


def _chunks(data: Bytes) -> Iterator[_Chunk]:
    """Every chunk up to and with IEND, each whole and unharmed."""
    position = len(SIGNATURE)
    while True:
        if position + _HEAD > len(data):
            raise truncated(len(data))
        length, kind = struct.unpack_from(">I4s", data, position)
        if length > _LONGEST_CHUNK or not kind.isalpha():
            raise corrupt(f"The PNG has no chunk at byte {position:,}, where one must be.")
        end = position + _HEAD + length + _TAIL
        if end > len(data):
            raise truncated(len(data))
        _check_sum(data, position, end, kind)
        yield _Chunk(kind, position, end)
        if kind == b"IEND":
            return
        position = end


def _check_sum(data: Bytes, start: int, end: int, kind: bytes) -> None:
    found = 0
    for place in range(start + 4, end - _TAIL, _SLICE):
        found = zlib.crc32(data[place : min(place + _SLICE, end - _TAIL)], found)
    (expected,) = struct.unpack_from(">I", data, end - _TAIL)
    if found != expected:
        raise corrupt(f"The PNG's chunk {kind.decode()} at byte {start:,} has a wrong checksum.")


def _note(data: Bytes, chunk: _Chunk, reading: _Reading) -> None:
    if (chunk.type == b"IHDR") == bool(reading.header):
        raise corrupt("The PNG does not start with its one header.")
    if chunk.type in _PICTURE:
        _note_picture(data, chunk, reading)
        reading.kept.append((chunk.start, chunk.end))
    elif chunk.type[:1].isupper():
        # Section 5.4: without knowing a critical chunk, nobody can read the picture.
        raise RejectedError(
            Reason.UNSUPPORTED, f"The PNG has a critical chunk {chunk.type.decode()}."
        )
    elif chunk.type == b"eXIf" and reading.exif is None:
        reading.exif = chunk.body(data)
    elif chunk.type == b"iCCP":
        _note_profile(chunk.body(data), reading)
    elif chunk.type in (b"acTL", b"fcTL", b"fdAT"):
        # fdAT: only its sequence number counts, its picture is not rendered.
        body = data[chunk.start + _HEAD : min(chunk.end - _TAIL, chunk.start + _HEAD + 64)]
        reading.animation.note(chunk.type.decode(), body, after_pixels=reading.pixels)


def _note_picture(data: Bytes, chunk: _Chunk, reading: _Reading) -> None:
    if chunk.type == b"IHDR":
        reading.header = chunk.body(data)
        _check_header(reading.header)
        reading.animation.canvas = struct.unpack_from(">II", reading.header)
        reading.alpha = reading.header[9] in _ALPHA
    elif chunk.type == b"PLTE":
        reading.palette = True
    elif chunk.type == b"tRNS":
        reading.alpha = True
    elif chunk.type == b"IDAT":
        if _COLOURS[reading.header[9]][0] == "palette" and not reading.palette:
            raise corrupt("The PNG has no palette before its pixels.")
        reading.pixels = True


def _check_header(body: bytes) -> None:
    if len(body) != _HEADER_BYTES:
        raise corrupt("The PNG's header has a wrong length.")
    width, height, bits, kind, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if not 0 < width <= _LONGEST_CHUNK or not 0 < height <= _LONGEST_CHUNK:
        raise corrupt(f"The PNG says that it is {width} x {height} pixels.")
    if kind not in _COLOURS or bits not in _COLOURS[kind][1]:
        raise corrupt(f"The PNG says that it has colour type {kind} with {bits} bits.")
    if compression or filtering or interlace > 1:
        raise corrupt("The PNG says that it uses a compression, filter or interlacing unknown.")


def _note_profile(body: bytes, reading: _Reading) -> None:
    """A name, a zero, the method zero, and the profile as a zlib stream."""
    _, _, compressed = body.partition(b"\0")
    expander = zlib.decompressobj()
    try:
        profile = expander.decompress(compressed[1:], icc.MAX_BYTES)
    except zlib.error as error:
        problem = f"it cannot be expanded ({error})"
    else:
        if expander.eof:
            reading.profile = profile
            return
        problem = "it is cut off or larger than any profile"
    reading.notes.append(Note("profile-ignored", f"The ICC profile was ignored because {problem}."))


def _header(reading: _Reading) -> Header:
    width, height, bits, kind, _, _, interlace = struct.unpack(">IIBBBBB", reading.header)
    colour = _COLOURS[kind][0]
    samples = (1 if colour == "grey" else 3) + reading.alpha
    pixel_bytes = samples * max(bits // 8, 1)
    return Header(
        format="png",
        width=width,
        height=height,
        bits=bits,
        colour=colour,
        alpha=reading.alpha,
        interlaced=bool(interlace),
        orientation=_orientation(reading),
        profile=reading.profile,
        frames=reading.animation.frames,
        scans=1,
        decoder_bytes=width * height * pixel_bytes if interlace else 0,
        kept=reading.kept,
        notes=reading.notes,
    )


def _orientation(reading: _Reading) -> int:
    if reading.exif is None:
        return exif.UPRIGHT
    try:
        return exif.orientation(reading.exif)
    except exif.UnreadableError as error:
        reading.notes.append(Note("exif-unreadable", f"Of its eXIf chunk, {error}."))
        return exif.UPRIGHT
