"""Pictures made for tests, by Pillow where it can and byte by byte where it cannot or will not."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from services.files.runtime.images import Rendering, render

RED, GREEN, BLUE, WHITE = (220, 30, 20), (20, 190, 40), (30, 40, 210), (245, 245, 245)
# What Pillow made of the left half red and the right half blue, then recoded by libjpeg-turbo's
# `jpegtran -arithmetic`, because Pillow writes no arithmetic coding.
ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4"
    "UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2NjY2NjY2NjY2NjY2P/yQARCAAQABADAREAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/AEB0"
    "8oSzsd3rL+tYSftQSvtw/9k="
)


def quadrants(width: int = 96, height: int = 64) -> Image.Image:
    """Red and green above, blue and white below: no two of its eight orientations look alike."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def texture(width: int, height: int) -> Image.Image:
    """Something that does not compress to nothing, and has no grey areas."""
    bands = [Image.effect_noise((width, height), sigma) for sigma in (40, 60, 80)]
    return Image.blend(Image.merge("RGB", bands), quadrants(width, height), 0.5)


def saved(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a file; options are Pillow's."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def oriented(orientation: int) -> Image.Exif:
    """EXIF with an orientation, a camera, and the place where the picture was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRETCAM"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    return exif


def chunk(kind: bytes, body: bytes) -> bytes:
    """A whole PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png: bytes, *chunks: bytes, before: bytes = b"IDAT") -> bytes:
    """A PNG with more chunks in front of its first `before`."""
    place = png.index(before) - 4
    return png[:place] + b"".join(chunks) + png[place:]


def png_of(width: int, height: int, bits: int = 8, kind: int = 2, rows: bytes = b"") -> bytes:
    """A PNG by hand; rows: each with its filter byte, before compression."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment, right after its start."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """A JPEG without its first segment of a kind."""
    start = jpeg.index(bytes([0xFF, marker]))
    (length,) = struct.unpack_from(">H", jpeg, start + 2)
    return jpeg[:start] + jpeg[start + 2 + length :]


def with_profile(jpeg: bytes, profile: bytes) -> bytes:
    """A JPEG with an ICC profile in one segment."""
    return with_segment(jpeg, 0xE2, b"ICC_PROFILE\0\x01\x01" + profile)


def animated(
    png: bytes, frames: int, *, controls: Sequence[bytes] = (), announced: int | None = None
) -> bytes:
    """A PNG that says it is an animation; controls replace the one fcTL before the pixels."""
    width, height = struct.unpack_from(">II", png, 16)
    count = struct.pack(">II", frames if announced is None else announced, 0)
    first = controls or [frame_control(0, width, height)]
    marked = with_chunks(png, chunk(b"acTL", count), *(chunk(b"fcTL", each) for each in first))
    later = []
    for number in range(1, frames):
        later.append(chunk(b"fcTL", frame_control(2 * number - 1, width, height)))
        later.append(chunk(b"fdAT", struct.pack(">I", 2 * number) + zlib.compress(b"")))
    return with_chunks(marked, *later, before=b"IEND")


def frame_control(number: int, width: int, height: int) -> bytes:
    """What an fcTL chunk says of a frame that fills the canvas."""
    return struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0)


def rendered(folder: Path, content: bytes, name: str = "photo.jpg", **options: Any) -> Rendering:
    """What rendering makes of a file with this content."""
    source = folder / "source"
    source.write_bytes(content)
    (folder / "out").mkdir(exist_ok=True)
    return render(source, **{"name": name, "into": folder / "out", **options})


def seen(rendering: Rendering, name: str = "large") -> Image.Image:
    """A derivative as people see it: on white where it is transparent."""
    (path,) = (each.path for each in rendering.derivatives if each.name == name)
    with Image.open(path) as image:
        picture = image.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def distance(one: Sequence[int], other: Sequence[int]) -> int:
    """The largest difference between two colours' samples."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
