"""Pictures come out upright, whole and no larger than they were, however they are stored.

Proved on pictures made here, one property each; `test_image_corpus` does the same on others'.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from services.files.runtime.images import SIZES, Limits, Rendering, Size
from tests.files.images.pictures import (
    ARITHMETIC,
    BLUE,
    GREEN,
    RED,
    WHITE,
    animated,
    chunk,
    distance,
    frame_control,
    interlaced,
    oriented,
    quadrants,
    rendered,
    saved,
    seen,
    texture,
    with_chunks,
    with_segment,
)


def corners(picture: Rendering | Image.Image) -> list[Any]:
    """The colours in the middle of each quarter, row by row."""
    image = seen(picture) if isinstance(picture, Rendering) else picture
    across, down = image.width // 4, image.height // 4
    places = [(across + x, down + y) for y in (0, image.height // 2) for x in (0, image.width // 2)]
    return [image.getpixel(place) for place in places]


def alike(found: list[Any], *expected: Any) -> bool:
    return all(distance(a, b) <= 12 for a, b in zip(found, expected, strict=True))


def notes(rendering: Rendering) -> list[str]:
    return [note["code"] for note in rendering.document["notes"]]


def size(rendering: Rendering, name: str = "large") -> tuple[int, int]:
    return next((each.width, each.height) for each in rendering.derivatives if each.name == name)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(tmp_path: Path, orientation: int, form: str) -> None:
    content = saved(quadrants(), form, exif=oriented(orientation))
    rendering = rendered(tmp_path, content, f"x.{form.lower()}")
    with Image.open(tmp_path / "source") as original:
        upright = ImageOps.exif_transpose(original).convert("RGB")
    assert alike(corners(rendering), *corners(upright))
    document = rendering.document
    assert document["orientation"] == orientation
    assert (document["width"], document["height"]) == upright.size == size(rendering)
    assert (document["stored_width"], document["stored_height"]) == (96, 64)


def test_derivatives_need_no_orientation_any_more(tmp_path: Path) -> None:
    rendering = rendered(tmp_path, saved(quadrants(), exif=oriented(6)))
    for derivative in rendering.derivatives:
        with Image.open(derivative.path) as image:
            assert image.getexif() == {}


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"II+\0\x08\0\0\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x00\0\0\0",
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_broken_exif_is_said_so_and_taken_for_upright(
    tmp_path: Path, block: bytes, form: str
) -> None:
    content = saved(quadrants(), form)
    if form == "JPEG":
        content = with_segment(content, 0xE1, b"Exif\0\0" + block)
    else:
        content = with_chunks(content, chunk(b"eXIf", block))
    rendering = rendered(tmp_path, content, f"x.{form.lower()}")
    assert notes(rendering) == ["exif-unreadable"]
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)


def test_three_derivatives_are_described_as_they_are(tmp_path: Path) -> None:
    content = saved(texture(2000, 1000), quality=80)
    rendering = rendered(tmp_path, content)
    assert [size(rendering, each.name) for each in SIZES] == [(256, 128), (800, 400), (1600, 800)]
    for derivative in rendering.derivatives:
        written = derivative.path.read_bytes()
        assert derivative.path.name == f"{derivative.name}.jpg"
        assert (derivative.bytes, derivative.media_type) == (len(written), "image/jpeg")
        assert derivative.sha256 == hashlib.sha256(written).hexdigest()
        with Image.open(derivative.path) as image:
            assert image.size == (derivative.width, derivative.height)
    document = rendering.document
    assert document["sha256"] == hashlib.sha256(content).hexdigest()
    assert document["bytes"] == len(content)
    assert (document["format"], document["colour_space"]) == ("jpeg", "rgb")
    assert [each["name"] for each in document["derivatives"]] == ["small", "medium", "large"]


def test_nothing_is_left_beside_the_derivatives(tmp_path: Path) -> None:
    rendering = rendered(tmp_path, saved(quadrants(), icc_profile=b"no profile"))
    assert set((tmp_path / "out").iterdir()) == {each.path for each in rendering.derivatives}


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_small_picture_is_never_enlarged(tmp_path: Path, form: str) -> None:
    rendering = rendered(tmp_path, saved(quadrants(300, 200), form), f"x.{form.lower()}")
    assert [(each.width, each.height) for each in rendering.derivatives] == [
        (256, 171),
        (300, 200),
        (300, 200),
    ]


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("stored", "small"),
    [
        ((1, 1), (1, 1)),
        ((1, 30_000), (1, 256)),
        ((30_000, 1), (256, 1)),
        ((65_500, 2), (256, 1)),
        ((3, 65_500), (1, 256)),
        ((2_000, 7), (256, 1)),
    ],
)
def test_tiny_and_elongated_pictures_keep_their_shape(
    tmp_path: Path, stored: tuple[int, int], small: tuple[int, int], form: str
) -> None:
    rendering = rendered(tmp_path, saved(Image.new("RGB", stored, RED), form), f"x.{form.lower()}")
    assert size(rendering, "small") == small
    assert alike([seen(rendering, "small").getpixel((0, 0))], RED)


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}, {}])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpegs_of_every_coding_look_like_the_original(
    tmp_path: Path, options: dict[str, Any], subsampling: int
) -> None:
    content = saved(quadrants(3333, 1111), subsampling=subsampling, **options)
    rendering = rendered(tmp_path, content)
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)
    assert rendering.document["interlaced"] is options.get("progressive", False)


def test_an_arithmetic_coded_jpeg_is_read(tmp_path: Path) -> None:
    image = seen(rendered(tmp_path, ARITHMETIC))
    assert alike([image.getpixel((3, 8)), image.getpixel((12, 8))], (254, 0, 0), (0, 0, 254))


def test_an_interlaced_png_looks_like_the_original(tmp_path: Path) -> None:
    rendering = rendered(tmp_path, interlaced(quadrants(130, 70)), "x.png")
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)
    assert rendering.document["interlaced"] is True


def test_of_a_phones_multi_picture_file_the_first_is_rendered(tmp_path: Path) -> None:
    second = Image.new("RGB", (50, 50), "black")
    content = saved(quadrants(), "MPO", save_all=True, append_images=[second])
    rendering = rendered(tmp_path, content)
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)
    assert (rendering.document["frames"], notes(rendering)) == (2, ["first-frame"])


def test_what_is_appended_to_a_jpeg_is_ignored_and_said_so(tmp_path: Path) -> None:
    rendering = rendered(tmp_path, saved(quadrants()) + b"<video>" + bytes(5000))
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)
    assert notes(rendering) == ["trailing-data"]


def test_of_an_animation_the_first_frame_is_rendered_and_said_so(tmp_path: Path) -> None:
    later = Image.new("RGB", (96, 64), "black")
    content = saved(quadrants(), "PNG", save_all=True, append_images=[later, quadrants()])
    rendering = rendered(tmp_path, content, "x.png")
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)
    assert (rendering.document["frames"], notes(rendering)) == (3, ["first-frame"])


@pytest.mark.parametrize(
    ("controls", "announced", "said"),
    [
        ([frame_control(5, 96, 64)], 2, "has number 5 where 0 is due"),
        ([frame_control(0, 96, 64)[:20]], 2, "wrong length"),
        ([frame_control(0, 97, 64)], 2, "not inside the picture"),
        ([frame_control(0, 0, 64)], 2, "not inside the picture"),
        ([frame_control(0, 96, 64)[:-2] + b"\x07\x07"], 2, "operations 7 and 7"),
        ([frame_control(0, 96, 64)], 0, "announces no frames"),
        ([frame_control(0, 96, 64)], 7, "7 frames are announced and 2 are there"),
    ],
)
def test_a_malformed_animation_is_said_so_and_its_still_picture_rendered(
    tmp_path: Path, controls: list[bytes], announced: int, said: str
) -> None:
    content = animated(saved(quadrants(), "PNG"), 2, controls=controls, announced=announced)
    rendering = rendered(tmp_path, content, "x.png")
    assert alike(corners(rendering), RED, GREEN, BLUE, WHITE)
    assert notes(rendering)[0] == "animation-malformed"
    assert said in rendering.document["notes"][0]["detail"]


def test_control_chunks_of_wrong_length_or_number_are_said_so(tmp_path: Path) -> None:
    png = saved(quadrants(), "PNG")
    for bodies in ([b""], [b"\0\0\0\x01"], [struct.pack(">II", 1, 0)] * 2):
        content = with_chunks(png, *(chunk(b"acTL", body) for body in bodies))
        assert notes(rendered(tmp_path, content, "x.png"))[0] == "animation-malformed"


@pytest.mark.parametrize(
    ("form", "name", "disagrees"),
    [
        ("JPEG", "a.JPG", False),
        ("JPEG", "a.jpeg", False),
        ("JPEG", "a.png", True),
        ("PNG", "a.png", False),
        ("PNG", "dir.png/a.jpg", True),
        ("PNG", "a", True),
    ],
)
def test_the_content_counts_and_a_name_that_disagrees_is_said_so(
    tmp_path: Path, form: str, name: str, disagrees: bool
) -> None:
    rendering = rendered(tmp_path, saved(quadrants(), form), name)
    assert rendering.document["format"] == form.lower()
    assert notes(rendering) == (["name-disagrees"] if disagrees else [])


def test_other_sizes_can_be_set(tmp_path: Path) -> None:
    sizes = (Size("x", 40), Size("y", 10))
    rendering = rendered(tmp_path, saved(quadrants()), sizes=sizes, limits=Limits(pixels=96 * 64))
    assert [(each.name, each.width, each.height) for each in rendering.derivatives] == [
        ("x", 40, 27),
        ("y", 10, 7),
    ]


@pytest.mark.parametrize(
    ("name", "longest"), [("", 10), ("../x", 10), ("X", 10), ("x", 0), ("x", 4097)]
)
def test_a_size_that_cannot_be_a_file_or_a_picture_is_refused(name: str, longest: int) -> None:
    with pytest.raises(ValueError, match="size"):
        Size(name, longest)
