"""What cannot end right ends rejected, with a reason that names it, before it costs anything.

Proved on files made here. That nothing is half rendered is proved by cutting files at many places.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from services.files.runtime.images import Limits, Reason
from services.files.runtime.rejection import DETAIL_LIMIT, RejectedError
from tests.files.images.pictures import (
    RED,
    animated,
    chunk,
    png_of,
    quadrants,
    rendered,
    saved,
    texture,
    with_chunks,
    with_segment,
)

JPEG = saved(texture(320, 200), quality=85)
PROGRESSIVE = saved(texture(320, 200), quality=85, progressive=True)
PNG = saved(texture(320, 200), "PNG")


def rejection(folder: Path, content: bytes, limits: Limits | None = None) -> RejectedError:
    """How a file is rejected; nothing may be left behind."""
    with pytest.raises(RejectedError) as caught:
        rendered(folder, content, limits=limits)
    assert list((folder / "out").iterdir()) == []
    assert caught.value.reason in set(Reason)
    assert 0 < len(caught.value.detail) <= DETAIL_LIMIT
    assert str(folder) not in caught.value.detail
    return caught.value


def test_an_empty_file(tmp_path: Path) -> None:
    assert rejection(tmp_path, b"").reason == Reason.EMPTY


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (saved(quadrants(), "GIF"), "GIF"),
        (saved(quadrants(), "WEBP"), "WebP"),
        (saved(quadrants(), "TIFF"), "TIFF"),
        (saved(quadrants(), "BMP"), "BMP"),
        (saved(quadrants(), "PDF"), "PDF"),
        (saved(quadrants(), "AVIF"), "AVIF"),
        (saved(quadrants(), "ICO"), "icon"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- x --><svg/>", "SVG"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "HTML"),
        (b"\n<HTML>", "HTML"),
        (b"<?xml version='1.0'?><plist/>", "XML"),
        (b"PK\x03\x04", "ZIP"),
        (b"anything else", "starts with b'anything'"),
        (b"\xff", "starts with"),
        (b"\x89PNG", "starts with"),
    ],
)
def test_another_format_is_named_and_never_opened(
    tmp_path: Path, content: bytes, named: str
) -> None:
    error = rejection(tmp_path, content)
    assert error.reason == Reason.NOT_JPEG_OR_PNG
    assert named in error.detail


@pytest.mark.parametrize("content", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
def test_a_file_cut_anywhere_is_never_half_a_picture(tmp_path: Path, content: bytes) -> None:
    places = {round(len(content) * part / 40) for part in range(1, 40)} | {len(content) - 1}
    for place in sorted(places):
        assert rejection(tmp_path, content[:place]).reason == Reason.TRUNCATED


def test_a_jpeg_that_ends_in_a_segments_length_is_cut(tmp_path: Path) -> None:
    assert rejection(tmp_path, JPEG[:2] + b"\xff\xe1\0").reason == Reason.TRUNCATED


def test_a_jpeg_cut_and_closed_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    """Decoders fill what is missing with grey, and only warn of it."""
    start = JPEG.index(b"\xff\xda") + 20
    for place in range(start, len(JPEG) - 4, len(JPEG) // 20):
        assert rejection(tmp_path, JPEG[:place] + b"\xff\xd9").reason == Reason.CORRUPT


def test_a_png_whose_pixels_end_early_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    rows = (b"\0" + bytes(RED) * 40) * 40
    for missing in (1, 40, 121, len(rows)):
        error = rejection(tmp_path, png_of(40, 40, rows=rows[: len(rows) - missing]))
        assert error.reason == Reason.CORRUPT


def test_every_chunk_with_a_wrong_checksum_is_found(tmp_path: Path) -> None:
    content = with_chunks(saved(quadrants(), "PNG"), chunk(b"tEXt", b"a\0b"))
    position = 8
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        broken = bytearray(content)
        broken[position + 8 + length] ^= 1
        error = rejection(tmp_path, bytes(broken))
        assert error.reason == Reason.CORRUPT
        assert "checksum" in error.detail
        position += 12 + length


def test_a_pixel_bomb_is_rejected_by_its_header(tmp_path: Path) -> None:
    bomb = png_of(60_000, 60_000, rows=b"")
    error = rejection(tmp_path, bomb)
    assert error.reason == Reason.TOO_MANY_PIXELS
    assert "3,600,000,000" in error.detail
    frame = JPEG.index(b"\xff\xc0") + 5
    huge = JPEG[:frame] + struct.pack(">HH", 60_000, 60_000) + JPEG[frame + 4 :]
    assert rejection(tmp_path, huge).reason == Reason.TOO_MANY_PIXELS


def test_a_side_that_decoders_cannot_hold_is_rejected(tmp_path: Path) -> None:
    assert rejection(tmp_path, png_of(2**31 - 1, 1)).reason == Reason.SIDE_TOO_LONG
    assert rejection(tmp_path, png_of(1, 70_000)).reason == Reason.SIDE_TOO_LONG


def test_what_must_be_held_in_memory_at_once_is_limited(tmp_path: Path) -> None:
    frame = PROGRESSIVE.index(b"\xff\xc2") + 5
    large = PROGRESSIVE[:frame] + struct.pack(">HH", 15_000, 15_000) + PROGRESSIVE[frame + 4 :]
    assert rejection(tmp_path, large).reason == Reason.TOO_MUCH_MEMORY
    header = struct.pack(">IIBBBBB", 15_000, 15_000, 16, 6, 0, 0, 1)
    interlaced = png_of(1, 1).replace(png_of(1, 1)[8:33], chunk(b"IHDR", header))
    assert rejection(tmp_path, interlaced).reason == Reason.TOO_MUCH_MEMORY


def test_frame_bombs(tmp_path: Path) -> None:
    announced = animated(saved(quadrants(), "PNG"), 1, announced=2**31 - 1)
    assert rejection(tmp_path, announced).reason == Reason.TOO_MANY_FRAMES
    there = animated(saved(quadrants(), "PNG"), 1_500, announced=2)
    assert rejection(tmp_path, there).reason == Reason.TOO_MANY_FRAMES
    entry = struct.pack("<HHII", 0xB001, 4, 1, 4_000_000_000)
    index = b"MPF\0II*\0\x08\0\0\0\x01\0" + entry
    assert rejection(tmp_path, with_segment(JPEG, 0xE2, index)).reason == Reason.TOO_MANY_FRAMES


def test_part_bombs(tmp_path: Path) -> None:
    limits = Limits(parts=2_000)
    chunks = with_chunks(saved(quadrants(), "PNG"), chunk(b"teSt", b"") * 3_000)
    assert rejection(tmp_path, chunks, limits).reason == Reason.TOO_MANY_PARTS
    segments = JPEG[:2] + b"\xff\xfe\0\x02" * 3_000 + JPEG[2:]
    assert rejection(tmp_path, segments, limits).reason == Reason.TOO_MANY_PARTS
    scan = PROGRESSIVE.rindex(b"\xff\xda")
    scans = PROGRESSIVE[:scan] + PROGRESSIVE[scan:-2] * 100 + b"\xff\xd9"
    assert rejection(tmp_path, scans).reason == Reason.TOO_MANY_PARTS


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100 * 1024 * 1024))),
        lambda: chunk(b"iTXt", b"a\0\x01\0\0\0" + zlib.compress(bytes(100 * 1024 * 1024))),
        lambda: chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 1000)) * 20_000,
    ],
    ids=["zTXt", "iTXt", "many"],
)
def test_compressed_texts_are_never_expanded(tmp_path: Path, bomb: Callable[[], bytes]) -> None:
    rendering = rendered(tmp_path, with_chunks(saved(quadrants(), "PNG"), bomb()), "x.png")
    assert rendering.document["notes"] == []


def test_a_file_with_too_many_bytes(tmp_path: Path) -> None:
    error = rejection(tmp_path, JPEG, Limits(bytes=len(JPEG) - 1))
    assert error.reason == Reason.TOO_MANY_BYTES


def test_kinds_of_jpeg_that_hardly_anything_reads(tmp_path: Path) -> None:
    lossless = JPEG.replace(b"\xff\xc0", b"\xff\xc3", 1)
    assert rejection(tmp_path, lossless).reason == Reason.UNSUPPORTED
    frame = JPEG.index(b"\xff\xc0") + 4
    twelve_bits = JPEG[:frame] + b"\x0c" + JPEG[frame + 1 :]
    assert rejection(tmp_path, twelve_bits).reason == Reason.UNSUPPORTED


def test_a_png_with_a_critical_chunk_of_somebodys_own(tmp_path: Path) -> None:
    apple = with_chunks(saved(quadrants(), "PNG"), chunk(b"CgBI", b"\0" * 4))
    error = rejection(tmp_path, apple)
    assert error.reason == Reason.UNSUPPORTED
    assert "CgBI" in error.detail


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">IIBBBBB", 0, 1, 8, 2, 0, 0, 0),
        struct.pack(">IIBBBBB", 2**32 - 1, 1, 8, 2, 0, 0, 0),
        struct.pack(">IIBBBBB", 1, 1, 3, 2, 0, 0, 0),
        struct.pack(">IIBBBBB", 1, 1, 8, 5, 0, 0, 0),
        struct.pack(">IIBBBBB", 1, 1, 8, 2, 1, 0, 0),
        struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 2),
        struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0),
        b"short",
    ],
)
def test_a_png_whose_header_makes_no_sense(tmp_path: Path, header: bytes) -> None:
    content = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 4))
    )
    assert rejection(tmp_path, content + chunk(b"IEND", b"")).reason == Reason.CORRUPT


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
        PNG[:33] + PNG[8:33] + PNG[33:],
        PNG[:33] + chunk(b"IEND", b""),
        PNG[:33] + b"\xff\xff\xff\xffIDAT" + PNG[41:],
        PNG[:33] + b"\0\0\0\0\0\0\0\0" + PNG[41:],
        b"\xff\xd8\xff\xd9",
        JPEG.replace(b"\xff\xdb\0\x43", b"\xff\xdb\0\x01", 1),
        JPEG[:2] + JPEG,
        JPEG[: JPEG.index(b"\xff\xda")] + b"\xff\xd9",
        JPEG.replace(b"\xff\xc0\0\x11", b"\xff\xc0\0\x05", 1),
        JPEG.replace(b"\xff\xda", b"\xff\xc0\0\x02\xff\xda", 1),
        saved(Image.new("RGB", (9, 9)), progressive=True).replace(
            b"\x03\x01\x22", b"\x03\x01\x00", 1
        ),
    ],
)
def test_structures_that_contradict_themselves(tmp_path: Path, content: bytes) -> None:
    assert rejection(tmp_path, content).reason == Reason.CORRUPT


def test_what_is_not_the_files_fault_is_no_rejection(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(JPEG)
    with pytest.raises(FileNotFoundError):
        rendered(tmp_path, JPEG, into=tmp_path / "nowhere")
