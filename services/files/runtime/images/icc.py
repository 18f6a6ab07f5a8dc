"""Whether an ICC profile can be meant for a picture, and what it calls itself.

ICC.1:2022, 7.2 (header), 7.3 (tag table), 8.3 to 8.6 (required tags), 10.15 (texts); version 2 for
'desc'. libvips quietly takes the usual meaning of colours when lcms cannot use a profile; so what
can be wrong with one is found here, where it can be said.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from services.files.runtime.images.header import Colour

# 4 MiB: the large profiles of printing presses have about 2.
MAX_BYTES: Final = 4 * 1024 * 1024
_HEADER_BYTES: Final = 128
_NAME_LIMIT: Final = 80
_SPACES: Final[Mapping[Colour, bytes]] = {
    "grey": b"GRAY",
    "rgb": b"RGB ",
    "palette": b"RGB ",
    "cmyk": b"CMYK",
}
# A display's, a scanner's, a printer's, a mere space's: these say what numbers look like.
_MOST_TAGS: Final = 100
_TABLE: Final = b"A2B0"
_WITHOUT_TABLE: Final = {
    b"GRAY": {b"kTRC"},
    b"RGB ": {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"},
    b"CMYK": {_TABLE},
}
_CLASSES: Final = (b"mntr", b"scnr", b"prtr", b"spac")


class UnusableError(Exception):
    """The profile cannot be applied; the text says why, and reads on after "because"."""


def check(profile: bytes, colour: Colour) -> None:
    """Raises UnusableError for a profile that is broken, or not for a picture of such colours."""
    if len(profile) < _HEADER_BYTES + 4 or profile[36:40] != b"acsp":
        raise UnusableError("it is no ICC profile")
    (size,) = struct.unpack_from(">I", profile)
    if size > len(profile):
        raise UnusableError(f"it has {len(profile):,} of its {size:,} bytes")
    if profile[12:16] not in _CLASSES:
        raise UnusableError(f"it is of the class {profile[12:16]!r}")
    if profile[16:20] != _SPACES[colour]:
        raise UnusableError(f"it is for {profile[16:20]!r}, the picture is {colour}")
    tags = _tags(profile)
    missing = _WITHOUT_TABLE[_SPACES[colour]] - tags.keys()
    if missing and _TABLE not in tags:
        raise UnusableError(f"it lacks {len(missing)} tags, {min(missing)!r} among them")


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """What each tag says."""
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    if count > _MOST_TAGS:
        raise UnusableError(f"it says that it has {count:,} tags")
    tags = {}
    for index in range(count):
        try:
            entry = struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + 12 * index)
        except struct.error:
            raise UnusableError("its table of tags is cut off") from None
        tag, offset, size = entry
        if offset + size > len(profile):
            raise UnusableError(f"its tag {tag!r} reaches beyond its end")
        tags[tag] = profile[offset : offset + size]
    return tags


def assembled(chunks: Sequence[bytes]) -> bytes:
    """A profile out of the payloads of a JPEG's APP2 segments (ICC.1:2022, B.4).

    chunks: in any order, each with its number, the number of all, and its part. Raises
    UnusableError when one is missing or doubled.
    """
    numbers = sorted((chunk[0], chunk[1]) for chunk in chunks if len(chunk) > 2)  # noqa: PLR2004
    if numbers != [(number, len(chunks)) for number in range(1, len(chunks) + 1)]:
        raise UnusableError(f"its {len(chunks)} parts do not belong together")
    return b"".join(chunk[2:] for chunk in sorted(chunks))


def name(profile: bytes) -> str | None:
    """Its description, e.g. "Display P3": printable, at most 80 characters; None without one.

    profile: one that `check` let pass.
    """
    try:
        text = _text(_tags(profile).get(b"desc", b""))
    except (struct.error, UnicodeDecodeError):
        return None
    printable = "".join(letter for letter in text[:_NAME_LIMIT] if letter.isprintable())
    return printable.strip() or None


def _text(tag: bytes) -> str:
    if tag[:4] == b"mluc":
        length, start = struct.unpack_from(">II", tag, 20)
        return tag[start : start + min(length, 2 * _NAME_LIMIT)].decode("utf-16-be")
    if tag[:4] == b"desc":
        (length,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + min(length, _NAME_LIMIT)].partition(b"\0")[0].decode("ascii")
    return ""
