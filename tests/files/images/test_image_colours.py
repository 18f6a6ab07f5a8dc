"""Colours arrive as they were meant, whatever space and depth a picture is stored in.

Proved by looking at the colours of derivatives, against values known beforehand or against lcms as
Pillow calls it. Not proved: that every profile in the world converts well; libvips uses lcms too.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from services.files.runtime.images import Rendering
from tests.files.images import profiles
from tests.files.images.pictures import (
    chunk,
    distance,
    png_of,
    rendered,
    saved,
    seen,
    with_chunks,
    with_profile,
    with_segment,
    without_segment,
)

SWAPPED = (profiles.SRGB[1], profiles.SRGB[0], profiles.SRGB[2])
ORANGE = (200, 120, 60)


def flat(colour: Any, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (40, 40), colour)


def colour(rendering: Rendering) -> Any:
    return seen(rendering).getpixel((20, 20))


def notes(rendering: Rendering) -> list[str]:
    return [note["code"] for note in rendering.document["notes"]]


def by_lcms(image: Image.Image, profile: bytes) -> Any:
    """The colour that Pillow's lcms makes of a flat picture."""
    target = ImageCms.createProfile("sRGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    relative = ImageCms.Intent.RELATIVE_COLORIMETRIC
    converted = ImageCms.profileToProfile(image, source, target, relative, outputMode="RGB")
    assert converted is not None
    return converted.getpixel((20, 20))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_display_p3_becomes_srgb(tmp_path: Path, form: str) -> None:
    profile = profiles.rgb(profiles.DISPLAY_P3, "Display P3")
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    content = saved(flat(ORANGE), form, icc_profile=profile, **options)
    rendering = rendered(tmp_path, content, f"x.{form.lower()}")
    expected = by_lcms(flat(ORANGE), profile)
    assert distance(expected, ORANGE) > 10
    assert distance(colour(rendering), expected) <= 4
    assert rendering.document["icc_profile"] == "Display P3"


def test_a_profile_is_applied_and_not_merely_dropped(tmp_path: Path) -> None:
    content = saved(flat((230, 10, 10)), icc_profile=profiles.rgb(SWAPPED), quality=95)
    assert distance(colour(rendered(tmp_path, content)), (10, 230, 10)) <= 30


def test_a_grey_profile_is_applied(tmp_path: Path) -> None:
    content = with_profile(saved(flat(128, "L"), quality=95), profiles.grey(1.0))
    rendering = rendered(tmp_path, content)
    # Half of the light, where sRGB's 128 is a fifth of it.
    assert distance(colour(rendering), (188, 188, 188)) <= 3


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"not a profile at all" * 10,
        profiles.rgb(profiles.SRGB)[:200],
        profiles.rgb(profiles.SRGB)[:128] + b"\xff" * 600,
        profiles.rgb(profiles.SRGB).replace(b"gTRC", b"nope"),
        profiles.rgb(profiles.SRGB).replace(b"rXYZ\0\0", b"rXYZ\x70\0"),
        profiles.grey(2.2),
        profiles.cmyk((50, 0, 0)),
    ],
    ids=[
        "empty",
        "garbage",
        "cut off",
        "scrambled",
        "a tag missing",
        "a tag outside",
        "for grey",
        "for cmyk",
    ],
)
def test_an_unfit_profile_is_ignored_and_said_so(tmp_path: Path, profile: bytes) -> None:
    rendering = rendered(tmp_path, with_profile(saved(flat(ORANGE), quality=95), profile))
    assert distance(colour(rendering), ORANGE) <= 4
    assert notes(rendering) == ["profile-ignored"]
    assert rendering.document["icc_profile"] is None


def test_a_profile_in_parts_that_do_not_belong_together_is_ignored(tmp_path: Path) -> None:
    half = profiles.rgb(SWAPPED)[:200]
    content = with_segment(saved(flat(ORANGE), quality=95), 0xE2, b"ICC_PROFILE\0\x01\x02" + half)
    rendering = rendered(tmp_path, content)
    assert distance(colour(rendering), ORANGE) <= 4
    assert notes(rendering) == ["profile-ignored"]


@pytest.mark.parametrize(
    "body",
    [
        lambda: b"name\0\0" + zlib.compress(bytes(64 * 1024 * 1024)),
        lambda: b"name\0\0no zlib stream",
        lambda: b"name\0\0" + zlib.compress(profiles.rgb(SWAPPED))[:-20],
        lambda: b"no end of the name",
    ],
    ids=["bomb", "garbage", "cut off", "no name"],
)
def test_a_broken_iccp_chunk_is_ignored_and_said_so(
    tmp_path: Path, body: Callable[[], bytes]
) -> None:
    content = with_chunks(saved(flat(ORANGE), "PNG"), chunk(b"iCCP", body()))
    rendering = rendered(tmp_path, content, "x.png")
    assert distance(colour(rendering), ORANGE) <= 4
    assert notes(rendering) == ["profile-ignored"]


def test_cmyk_with_the_adobe_marker_is_stored_inverted(tmp_path: Path) -> None:
    content = saved(flat((0, 0, 0, 0), "CMYK"), quality=95)
    assert b"Adobe" in content
    assert distance(colour(rendered(tmp_path, content)), (255, 255, 255)) <= 4
    yellow = saved(flat((0, 0, 255, 0), "CMYK"), quality=95)
    red, green, blue = colour(rendered(tmp_path, yellow))
    assert min(red, green) > 200
    assert blue < 60


def test_cmyk_without_the_adobe_marker_is_read_the_same_way(tmp_path: Path) -> None:
    """As Pillow, browsers and ImageMagick do: nothing but Adobe's way is met in the wild."""
    marked = saved(flat((0, 0, 255, 0), "CMYK"), quality=95)
    unmarked = without_segment(marked, 0xEE)
    assert b"Adobe" not in unmarked
    assert colour(rendered(tmp_path, unmarked)) == colour(rendered(tmp_path, marked))


def test_cmyk_is_converted_by_its_own_profile(tmp_path: Path) -> None:
    # A press whose cyan ink is a red.
    profile = profiles.cmyk((50, 70, 50))
    content = saved(flat((255, 0, 0, 0), "CMYK"), quality=95, icc_profile=profile)
    rendering = rendered(tmp_path, content)
    expected = by_lcms(flat((255, 0, 0, 0), "CMYK"), profile)
    assert distance(colour(rendering), expected) <= 6
    assert expected[0] - expected[1] > 100
    assert rendering.document["colour_space"] == "cmyk"


def test_cmyk_with_a_profile_for_rgb_is_converted_as_if_it_had_none(tmp_path: Path) -> None:
    plain = saved(flat((0, 0, 255, 0), "CMYK"), quality=95)
    expected = colour(rendered(tmp_path, plain))
    rendering = rendered(tmp_path, with_profile(plain, profiles.rgb(SWAPPED)))
    assert colour(rendering) == expected
    assert notes(rendering) == ["profile-ignored"]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    rows = (b"\0" + struct.pack(">HHH", 0xC8FF, 0x7800, 0x3C80) * 40) * 40
    rendering = rendered(tmp_path, png_of(40, 40, bits=16, rows=rows), "x.png")
    assert distance(colour(rendering), (200, 120, 60)) <= 3
    assert rendering.document["bits_per_sample"] == 16


def test_sixteen_bits_with_transparency_become_eight(tmp_path: Path) -> None:
    rows = (b"\0" + struct.pack(">HHHH", 0xFFFF, 0, 0, 0x8000) * 40) * 40
    rendering = rendered(tmp_path, png_of(40, 40, bits=16, kind=6, rows=rows), "x.png")
    assert rendering.derivatives[0].media_type == "image/png"
    assert distance(colour(rendering), (255, 127, 127)) <= 2


def test_sixteen_bit_grey_becomes_eight(tmp_path: Path) -> None:
    rows = (b"\0" + struct.pack(">H", 0x80FF) * 40) * 40
    rendering = rendered(tmp_path, png_of(40, 40, bits=16, kind=0, rows=rows), "x.png")
    assert distance(colour(rendering), (128, 128, 128)) <= 2


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_keeps_its_colours_and_its_transparency(tmp_path: Path, bits: int) -> None:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([0, 0, 0, *ORANGE])
    image.paste(0, (0, 0, 10, 40))
    content = saved(image, "PNG", bits=bits, transparency=0)
    rendering = rendered(tmp_path, content, "x.png")
    assert rendering.document["colour_space"] == "palette"
    assert rendering.derivatives[0].media_type == "image/png"
    assert distance(colour(rendering), ORANGE) <= 1
    assert seen(rendering).getpixel((2, 20)) == (255, 255, 255)


def test_the_colour_of_what_is_transparent_does_not_bleed(tmp_path: Path) -> None:
    image = Image.new("RGBA", (4000, 40), (0, 255, 0, 0))
    for left in range(0, 4000, 2):
        image.paste((255, 0, 0, 255), (left, 0, left + 1, 40))
    rendering = rendered(tmp_path, saved(image, "PNG"), "x.png")
    with Image.open(rendering.derivatives[0].path) as small:
        pixel: Any = small.getpixel((128, 1))
    red, green, _, alpha = pixel
    assert (red, green) == (255, 0)
    assert 100 < alpha < 150


def test_an_alpha_channel_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    rendering = rendered(tmp_path, saved(flat((*ORANGE, 255), "RGBA"), "PNG"), "x.png")
    assert {each.media_type for each in rendering.derivatives} == {"image/jpeg"}
    assert rendering.document["alpha"] is True


@pytest.mark.parametrize(("mode", "form"), [("L", "JPEG"), ("L", "PNG"), ("1", "PNG")])
def test_grey_stays_grey(tmp_path: Path, mode: str, form: str) -> None:
    image = Image.new("L", (40, 40), 255).convert(mode)
    rendering = rendered(tmp_path, saved(image, form), f"x.{form.lower()}")
    with Image.open(rendering.derivatives[2].path) as large:
        assert (large.mode, large.getpixel((20, 20))) == ("L", 255)
    assert rendering.document["colour_space"] == "grey"
