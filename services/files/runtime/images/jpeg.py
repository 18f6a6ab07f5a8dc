"""Reads a JPEG's markers: sizes, orientation, profile, and which bytes are the picture itself.

ITU-T T.81, annex B, for the markers; JFIF, EXIF, ICC and Multi-Picture Format for what is in the
application segments. The picture ends at its first EOI: what phones and cameras append (further
pictures, videos, gain maps) is not looked at.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.files.runtime.images import exif, icc
from services.files.runtime.images.header import Colour, Header, Note, corrupt, truncated
from services.files.runtime.images.limits import Limits
from services.files.runtime.images.reasons import Reason
from services.files.runtime.images.source import Bytes
from services.files.runtime.rejection import RejectedError

SIGNATURE: Final = b"\xff\xd8"
_SOI, _EOI, _SOS, _APP0, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
_DHT, _DAC, _DQT, _DRI = 0xC4, 0xCC, 0xDB, 0xDD
_TABLES: Final = (_DHT, _DAC, _DQT, _DRI)
# Baseline and extended, progressive, and both with arithmetic coding.
_FRAMES: Final = {0xC0: False, 0xC1: False, 0xC2: True, 0xC9: False, 0xCA: True}
_OTHER_FRAMES: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF)
_COLOURS: Final[dict[int, Colour]] = {1: "grey", 3: "rgb", 4: "cmyk"}
# Markers that stand alone, and so say nothing about a length.
_ALONE: Final = (0x01, *range(0xD0, 0xDA))
_ANY_MARKER: Final = re.compile(rb"\xff[\x01-\xfe]", re.DOTALL)
# In coded data, 0xFF00 is a byte of data and 0xFFD0 to 0xFFD7 are its own restart markers.
# Both patterns start with one byte that is always the same, so that `re` finds it by memchr: forty
# times faster than with a run of 0xFF, of which a marker may have any number.
_END_OF_SCAN: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]", re.DOTALL)
_EIGHT_BITS: Final = 8
_MOST_PROFILE_PARTS: Final = 255
_BLOCK_BYTES: Final = 128  # 64 coefficients of two bytes


@dataclass(frozen=True)
class _Segment:
    """marker: its second byte. start, end: with the marker; body: where what it says begins."""

    marker: int
    start: int
    body: int
    end: int


@dataclass
class _Reading:
    """What has been found so far."""

    frame: bytes | None = None
    progressive: bool = False
    scans: int = 0
    frames: int = 1
    exif: bytes | None = None
    profile: list[bytes] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read(data: Bytes, limits: Limits) -> Header:
    """The header of a file that starts with SIGNATURE. Raises RejectedError."""
    reading = _Reading(kept=[(0, len(SIGNATURE))])
    for count, segment in enumerate(_segments(data)):
        limits.check_parts(count)
        _note(data, segment, reading)
    if reading.frame is None or not reading.scans:
        raise corrupt("The JPEG ends without a picture.")
    _note_trailing(data, reading)
    return _header(reading.frame, reading)


def _segments(data: Bytes) -> Iterator[_Segment]:
    """Every segment up to and with EOI; a scan's coded data belongs to its SOS."""
    position = len(SIGNATURE)
    while True:
        # Bytes between segments are skipped, as every decoder does.
        found = _ANY_MARKER.search(data, position)
        if found is None:
            raise truncated(len(data))
        marker, body = data[found.end() - 1], found.end()
        end = body if marker in _ALONE else _end(data, marker, body)
        yield _Segment(marker, found.start(), body + 2, end)
        if marker == _EOI:
            return
        position = end


def _end(data: Bytes, marker: int, body: int) -> int:
    if body + 2 > len(data):
        raise truncated(len(data))
    length = int.from_bytes(data[body : body + 2])
    if length < 2:  # noqa: PLR2004 - it counts its own two bytes
        raise corrupt(f"The JPEG's segment 0x{marker:02X} at byte {body - 2:,} has no length.")
    end = body + length
    if marker == _SOS and end <= len(data):
        found = _END_OF_SCAN.search(data, end)
        if found is None:
            raise truncated(len(data))
        return found.start()
    if end > len(data):
        raise truncated(len(data))
    return end


def _note(data: Bytes, segment: _Segment, reading: _Reading) -> None:
    marker = segment.marker
    if marker in _OTHER_FRAMES:
        raise RejectedError(
            Reason.UNSUPPORTED, f"The JPEG is lossless or hierarchical (frame 0x{marker:02X})."
        )
    if marker == _SOI:
        raise corrupt("A second JPEG starts inside the first.")
    if marker in _FRAMES:
        _note_frame(data, segment, reading)
    elif marker == _SOS:
        reading.scans += 1
    elif marker in (_APP1, _APP2):
        _note_application(data[segment.body : segment.end], reading)
        return
    elif not _is_kept(data, segment):
        return
    reading.kept.append((segment.start, segment.end))


def _is_kept(data: Bytes, segment: _Segment) -> bool:
    """Tables, the end, and the two application segments that say how colours are coded."""
    if segment.marker in (_APP0, _APP14):
        return data[segment.body : segment.body + 5] in (b"JFIF\0", b"Adobe")
    return segment.marker in (*_TABLES, _EOI)


def _note_frame(data: Bytes, segment: _Segment, reading: _Reading) -> None:
    if reading.frame is not None:
        raise corrupt("The JPEG has two frame headers.")
    reading.frame = data[segment.body : segment.end]
    reading.progressive = _FRAMES[segment.marker]


def _note_application(body: bytes, reading: _Reading) -> None:
    if body.startswith(b"Exif\0") and reading.exif is None:
        reading.exif = body[6:]
    elif body.startswith(b"ICC_PROFILE\0"):
        # One more than can be numbered is enough to know that they do not belong together.
        if len(reading.profile) <= _MOST_PROFILE_PARTS:
            reading.profile.append(body[12:])
    elif body.startswith(b"MPF\0"):
        try:
            reading.frames = exif.number_of_images(body[4:])
        except exif.UnreadableError as error:
            reading.notes.append(Note("multi-picture-unreadable", f"Of its MPF index, {error}."))


def _note_trailing(data: Bytes, reading: _Reading) -> None:
    trailing = len(data) - reading.kept[-1][1]
    if reading.frames > 1:
        detail = f"The first of {reading.frames} pictures was rendered."
        reading.notes.append(Note("first-frame", detail))
    elif trailing:
        detail = f"{trailing:,} bytes after the picture were ignored."
        reading.notes.append(Note("trailing-data", detail))


def _header(frame: bytes, reading: _Reading) -> Header:
    if len(frame) < 6 or len(frame) != 6 + 3 * frame[5]:  # noqa: PLR2004 - T.81, B.2.2
        raise corrupt("The JPEG's frame header has a wrong length.")
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    if not width or not height:
        raise corrupt(f"The JPEG says that it is {width} x {height} pixels.")
    if bits != _EIGHT_BITS or components not in _COLOURS:
        raise RejectedError(
            Reason.UNSUPPORTED, f"The JPEG has {components} components of {bits} bits."
        )
    whole = reading.progressive or reading.scans > 1
    return Header(
        format="jpeg",
        width=width,
        height=height,
        bits=bits,
        colour=_COLOURS[components],
        alpha=False,
        interlaced=reading.progressive,
        orientation=_orientation(reading),
        profile=_profile(reading),
        frames=reading.frames,
        scans=reading.scans,
        decoder_bytes=_coefficient_bytes(frame, width, height) if whole else 0,
        kept=reading.kept,
        notes=reading.notes,
    )


def _coefficient_bytes(frame: bytes, width: int, height: int) -> int:
    """T.81, A.1.1: how many blocks the components have, by their sampling factors."""
    factors = [(frame[i] >> 4, frame[i] & 15) for i in range(7, len(frame), 3)]
    if any(not 1 <= factor <= 4 for pair in factors for factor in pair):  # noqa: PLR2004
        raise corrupt("The JPEG has a component with an impossible sampling factor.")
    widest = max(across for across, _ in factors)
    highest = max(down for _, down in factors)
    units = -(-width // (8 * widest)) * -(-height // (8 * highest))
    blocks = sum(across * down for across, down in factors)
    return units * blocks * _BLOCK_BYTES


def _orientation(reading: _Reading) -> int:
    if reading.exif is None:
        return exif.UPRIGHT
    try:
        return exif.orientation(reading.exif)
    except exif.UnreadableError as error:
        reading.notes.append(Note("exif-unreadable", f"Of its EXIF block, {error}."))
        return exif.UPRIGHT


def _profile(reading: _Reading) -> bytes | None:
    if not reading.profile:
        return None
    try:
        return icc.assembled(reading.profile)
    except icc.UnusableError as error:
        detail = f"The ICC profile was ignored because {error}."
        reading.notes.append(Note("profile-ignored", detail))
        return None
