"""Makes one uploaded picture's derivatives, and the document that describes it.

A file is taken apart before any decoder sees it. Our own readers (`jpeg`, `png`) look at its
structure, sizes, orientation and profile; then a bare copy, which holds the picture's data and
nothing about the picture, goes to libvips. So what a decoder can be attacked with is little, and
metadata cannot reach a derivative, because it never was where derivatives are made.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.files.runtime.images import formats, icc, libvips, pixels
from services.files.runtime.images.header import Format, Header, Note
from services.files.runtime.images.libvips import Image
from services.files.runtime.images.limits import Limits
from services.files.runtime.images.source import Bytes, opened

_NAME: Final = re.compile(r"[a-z0-9-]{1,32}")
# The largest derivative is held twice while it is turned, as transparent as it may be 2 x 64 MiB,
# beside what a decoder holds; 8192 pixels would take 572 MiB of 512.
LARGEST: Final = 4_096
_QUALITY: Final = 82
# The document's shape; raise it when a field changes its meaning.
_SCHEMA: Final = 1


@dataclass(frozen=True)
class Size:
    """One derivative to make. name: lower-case letters, digits, hyphens. longest: side, pixels."""

    name: str
    longest: int

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"size {self.name!r}: expected 1 to 32 of a-z, 0-9 and hyphen")
        if not 1 <= self.longest <= LARGEST:
            raise ValueError(f"size {self.name}: {self.longest} is not within 1 and {LARGEST}")


SIZES: Final = (Size("small", 256), Size("medium", 800), Size("large", 1600))


@dataclass(frozen=True, kw_only=True)
class Derivative:
    """A file that was made. width, height: pixels. sha256: hexadecimal."""

    name: str
    path: Path
    media_type: str
    width: int
    height: int
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """Without the path, which is of this machine."""
        return {name: value for name, value in vars(self).items() if name != "path"}


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """derivatives: in the order of the sizes. document: JSON, described at `_document`."""

    derivatives: Sequence[Derivative]
    document: dict[str, Any]


def render(
    source: Path,
    *,
    name: str,
    into: Path,
    sizes: Sequence[Size] = SIZES,
    limits: Limits | None = None,
) -> Rendering:
    """Derivatives of the picture in the file `source`, written to the folder `into`.

    name: what the file is called for its owner; where its ending disagrees with the content, the
    content counts. Each derivative is `into`/NAME.jpg, or NAME.png when the picture is transparent
    somewhere. None is larger than the original, and none holds anything but pixels in sRGB or grey.
    Beside them `into` holds a second copy of the source for the time of the call.

    Raises RejectedError, with a `Reason`, when the file is at fault, and leaves `into` empty then.
    Anything else (OSError, VipsError: a full disk; MemoryError) is not the file's fault.
    """
    limits = limits or Limits()
    limits.check_bytes(source.stat().st_size)
    with opened(source) as data:
        header = formats.read(data, limits)
        notes = [note for note in (formats.suffix_note(header, name),) if note]
        largest, more = _decoded(data, header, max(size.longest for size in sizes), into)
        document = _document(data, header, [*notes, *header.notes, *more])
    derivatives = []
    for size in sizes:
        fitted = pixels.fitted(document["width"], document["height"], size.longest)
        derivatives.append(_derivative(pixels.resized(largest, *fitted), size.name, into))
    document["derivatives"] = [derivative.as_json() for derivative in derivatives]
    return Rendering(derivatives=derivatives, document=document)


def _decoded(data: Bytes, header: Header, longest: int, into: Path) -> tuple[Image, list[Note]]:
    """From a folder of its own, which is gone when the pixels are in memory."""
    with tempfile.TemporaryDirectory(prefix="bare-", dir=into) as folder:
        bare, profile = Path(folder) / "picture", None
        with bare.open("wb") as file:
            for start, end in header.kept:
                file.write(memoryview(data)[start:end])
        if header.profile is not None:
            profile = Path(folder) / "profile.icc"
            profile.write_bytes(header.profile)
        return pixels.decode(bare, header, longest, profile)


def _derivative(image: Image, name: str, into: Path) -> Derivative:
    format_: Format = "png" if image.has_alpha else "jpeg"
    path = into / f"{name}{formats.SUFFIXES[format_][0]}"
    if format_ == "png":
        libvips.write("pngsave", image, filename=path, keep="none")
    else:
        libvips.write("jpegsave", image, filename=path, keep="none", Q=_QUALITY)
    content = path.read_bytes()
    return Derivative(
        name=name,
        path=path,
        media_type=formats.MEDIA_TYPES[format_],
        width=image.width,
        height=image.height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _document(data: Bytes, header: Header, notes: Sequence[Note]) -> dict[str, Any]:
    """What is known of the original.

    width, height: pixels, upright; stored_width, stored_height: before `orientation` (1 to 8, as in
    EXIF) is applied. colour_space: grey, rgb, cmyk or palette, as stored. icc_profile: the name of
    the embedded profile that its colours were converted by; null when they were taken for sRGB, or,
    if cmyk, for a common press. interlaced: progressive, for a JPEG. frames: of which the first was
    rendered. notes: what was odd, each with a stable code and a sentence. Nothing else of what EXIF
    or texts say, neither places nor people.
    """
    width, height = header.width, header.height
    ignored = any(note.code == "profile-ignored" for note in notes)
    used = header.profile if not ignored else None
    return {
        "schema": _SCHEMA,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": header.format,
        "media_type": formats.MEDIA_TYPES[header.format],
        "width": height if header.turned else width,
        "height": width if header.turned else height,
        "stored_width": width,
        "stored_height": height,
        "orientation": header.orientation,
        "colour_space": header.colour,
        "icc_profile": None if used is None else icc.name(used) or "unnamed",
        "bits_per_sample": header.bits,
        "alpha": header.alpha,
        "interlaced": header.interlaced,
        "frames": header.frames,
        "notes": [vars(note) for note in notes],
    }
