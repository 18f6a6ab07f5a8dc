"""What an ICC profile is called, and why one is not used: read from bytes, without converting.

That colours are converted rightly is proved in `test_image_colours`.
"""

from __future__ import annotations

import struct

import pytest

from services.files.runtime.images import icc
from services.files.runtime.images.header import Colour
from tests.files.images import profiles

PROFILE = profiles.rgb(profiles.SRGB, "Made here")


def renamed(tag: bytes) -> bytes:
    """The profile with another description, behind everything else."""
    place = PROFILE.index(b"desc", 128)
    entry = struct.pack(">4sII", b"desc", len(PROFILE), len(tag))
    return PROFILE[:place] + entry + PROFILE[place + 12 :] + tag


def localised(name: str) -> bytes:
    """A text as version 4 of the format has it."""
    text = name.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text


def test_the_names_of_both_versions_are_read() -> None:
    assert icc.name(PROFILE) == "Made here"
    assert icc.name(renamed(localised("Anzeige P3 \u00e4"))) == "Anzeige P3 \u00e4"


@pytest.mark.parametrize(
    "tag",
    [
        b"",
        b"mluc",
        b"mluc\0\0\0\0" + bytes(12) + b"\0\0\0\x03\0\0\0\x1cabc",
        b"desc\0\0",
        b"desc\0\0\0\0\0\0\0\x02\xff\xff",
        b"text\0\0\0\0name",
        localised("\u0007\n"),
    ],
)
def test_a_name_that_cannot_be_read_is_none(tag: bytes) -> None:
    assert icc.name(renamed(tag)) is None


def test_a_long_name_is_cut_and_only_letters_are_kept() -> None:
    name = icc.name(renamed(localised("\u001b[31m" + "x" * 500)))
    assert name is not None
    assert name.startswith("[31mxxx")
    assert len(name) <= 80


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (PROFILE[:100], "it is no ICC profile"),
        (PROFILE[:-40], "of its"),
        (PROFILE[:12] + b"link" + PROFILE[16:], "of the class b'link'"),
        (PROFILE[:128] + b"\0\0\0\x65" + PROFILE[132:], "it has 101 tags"),
        (
            struct.pack(">I", 144) + PROFILE[4:128] + b"\0\0\0\x05" + bytes(12),
            "table of tags is cut off",
        ),
    ],
)
def test_why_a_profile_is_not_used_is_said(profile: bytes, why: str) -> None:
    with pytest.raises(icc.UnusableError, match=why):
        icc.check(profile, "rgb")


def test_a_profile_for_other_colours_is_not_used() -> None:
    icc.check(PROFILE, "rgb")
    icc.check(PROFILE, "palette")
    others: tuple[Colour, ...] = ("grey", "cmyk")
    for colour in others:
        with pytest.raises(icc.UnusableError, match=f"the picture is {colour}"):
            icc.check(PROFILE, colour)


def test_parts_are_put_together_by_their_numbers() -> None:
    assert icc.assembled([b"\x02\x02world", b"\x01\x02hello "]) == b"hello world"
    for parts in ([b"\x01\x02a"], [b"\x01\x01a", b"\x01\x01a"], [b""], [b"\x01"]):
        with pytest.raises(icc.UnusableError, match="do not belong together"):
            icc.assembled(parts)
