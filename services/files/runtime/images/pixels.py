"""From a bare picture to upright sRGB pixels of eight bits, no larger than needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.files.runtime.images import icc, libvips
from services.files.runtime.images.header import Header, Note, corrupt
from services.files.runtime.images.libvips import Image, VipsError

# libjpeg halves, quarters or eighths a picture while it decodes it, several times faster than
# resizing afterwards. What it leaves is at least half as large again as what we want, because its
# scaling is coarser than ours.
_SHRINKS: Final = (8, 4, 2)
_MARGIN: Final = 1.5
# It drops what does not fill a whole pixel any more: of so many, that is not seen.
_LEAST: Final = 64
_RESOLUTION: Final = 72 / 25.4  # pixels a millimetre
# By orientation, what sets the stored picture upright (EXIF 2.32, 4.6.4, tag 274).
_TURNS: Final[Mapping[int, tuple[tuple[str, Mapping[str, str]], ...]]] = {
    1: (),
    2: (("flip", {"direction": "horizontal"}),),
    3: (("rot", {"angle": "d180"}),),
    4: (("flip", {"direction": "vertical"}),),
    5: (("rot", {"angle": "d90"}), ("flip", {"direction": "horizontal"})),
    6: (("rot", {"angle": "d90"}),),
    7: (("rot", {"angle": "d270"}), ("flip", {"direction": "horizontal"})),
    8: (("rot", {"angle": "d270"}),),
}
_DEEP: Final = 16


def fitted(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size with the same shape whose longer side is at most `longest`; never a larger one."""
    scale = min(1.0, longest / max(width, height))
    return max(round(width * scale), 1), max(round(height * scale), 1)


def decode(
    bare: Path, header: Header, longest: int, profile: Path | None
) -> tuple[Image, list[Note]]:
    """The picture in memory: upright, sRGB or grey, 8 bits, its longer side at most `longest`.

    bare: the file that `header.kept` makes. profile: a file with its ICC profile. Raises
    RejectedError when the file is at fault, MemoryError when there is not enough.
    """
    try:
        size = fitted(header.width, header.height, longest)
        image = _resized_to(_loaded(bare, header, longest), *size)
        image, notes = _in_srgb(image, header, profile)
        for operation, options in _TURNS[header.orientation]:
            # Turning needs pixels in another order than the decoder delivers them.
            image = libvips.apply(operation, image.in_memory(), **options)
        # Formats always say a resolution: not the original's, which tells of the device.
        image = libvips.apply("copy", image.in_memory(), xres=_RESOLUTION, yres=_RESOLUTION)
        return _without_idle_alpha(image), notes
    except VipsError as error:
        text = str(error).replace(str(bare), "the file")
        if "out of memory" in text:
            raise MemoryError(text) from error
        raise corrupt(f"The picture's data is damaged: {text}") from error


def resized(image: Image, width: int, height: int) -> Image:
    """The picture in memory with another size, in pixels."""
    return _resized_to(image, width, height).in_memory()


def _loaded(bare: Path, header: Header, longest: int) -> Image:
    """The picture as stored, decoded once from top to bottom while its pixels are asked for.

    Everything that the decoders only warn of is an error: what they make up for missing or damaged
    data looks like a picture that is grey from there on.
    """
    path, access, fail_on = str(bare), "sequential", "warning"
    if header.format == "png":
        return libvips.apply("pngload", filename=path, access=access, fail_on=fail_on)
    largest = longest / max(header.width, header.height) * _MARGIN
    least = _LEAST / min(header.width, header.height)
    shrink = next((by for by in _SHRINKS if 1 / by >= max(largest, least)), 1)
    return libvips.apply("jpegload", filename=path, access=access, fail_on=fail_on, shrink=shrink)


def _resized_to(image: Image, width: int, height: int) -> Image:
    """Transparent pixels count as little as they are seen, or their colours would bleed."""
    across, down = width / image.width, height / image.height
    if across == down == 1.0:
        return image
    if not image.has_alpha:
        return libvips.apply("resize", image, scale=across, vscale=down)
    form = image.format
    image = libvips.apply("premultiply", image)
    image = libvips.apply("resize", image, scale=across, vscale=down)
    return libvips.apply("cast", libvips.apply("unpremultiply", image), format=form)


def _in_srgb(image: Image, header: Header, profile: Path | None) -> tuple[Image, list[Note]]:
    """Converted by its own profile, or by what its colours usually mean when that one is unfit."""
    # Out of 16 bits, and out of whatever a decoder calls the samples.
    if header.colour != "cmyk":
        space = "b-w" if header.colour == "grey" else "srgb"
        image = libvips.apply("colourspace", image, space=space)
        image = libvips.apply("cast", image, format="uchar")
    notes: list[Note] = []
    if profile is not None:
        try:
            icc.check(profile.read_bytes(), header.colour)
            return _transformed(image, str(profile)), notes
        except (icc.UnusableError, VipsError) as error:
            detail = f"The ICC profile was ignored because {error}."
            notes.append(Note("profile-ignored", detail))
    return _transformed(image, "cmyk") if header.colour == "cmyk" else image, notes


def _transformed(image: Image, profile: str) -> Image:
    """profile: a file, or the name of one that libvips brings. A bad one raises VipsError here."""
    return libvips.apply(
        "icc_transform",
        image,
        output_profile="srgb",
        input_profile=profile,
        embedded=False,
        intent="relative",
        black_point_compensation=True,
        depth=8,
    )


def _without_idle_alpha(image: Image) -> Image:
    """Without an alpha channel that makes nothing transparent."""
    if not image.has_alpha:
        return image
    alpha = libvips.apply("extract_band", image, band=image.bands - 1)
    if libvips.measure("min", alpha) < 255:  # noqa: PLR2004 - fully opaque in eight bits
        return image
    return libvips.apply("extract_band", image, band=0, n=image.bands - 1).in_memory()
