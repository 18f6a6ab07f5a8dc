"""What a picture's header says, the same for both formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.files.runtime.images.reasons import Reason
from services.files.runtime.rejection import RejectedError

Colour = Literal["grey", "rgb", "cmyk", "palette"]
Format = Literal["jpeg", "png"]


@dataclass(frozen=True)
class Note:
    """Something odd that did not stop the rendering. code: a stable word. detail: a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """All that is known of a picture before one pixel of it is decoded.

    width, height: in pixels as stored, before the orientation is applied. bits: of a sample.
    colour: the colour space of the stored samples. alpha: whether it can be transparent anywhere.
    interlaced: progressive, for a JPEG. orientation: 1 to 8, as in EXIF. profile: the ICC profile
    as it is in the file, unchecked. frames: of an animation or a multi-picture file. scans: of a
    JPEG. decoder_bytes: what the decoder has to hold at once: all coefficients of a JPEG with more
    than one scan, all pixels of an interlaced PNG, nothing worth counting otherwise. kept: the
    ranges (start, end) of the file that hold the picture itself and nothing about it; one after the
    other they are a file of the same format.
    """

    format: Format
    width: int
    height: int
    bits: int
    colour: Colour
    alpha: bool
    interlaced: bool
    orientation: int
    profile: bytes | None
    frames: int
    scans: int
    decoder_bytes: int
    kept: Sequence[tuple[int, int]]
    notes: Sequence[Note]

    @property
    def turned(self) -> bool:
        """Whether width and height change places when the picture is set upright."""
        return self.orientation >= 5  # noqa: PLR2004 - EXIF: 5 to 8 are the quarter turns


def truncated(position: int) -> RejectedError:
    """For a file that ends where something had to follow."""
    return RejectedError(
        Reason.TRUNCATED, f"The file ends at byte {position:,}, before the picture does."
    )


def corrupt(detail: str) -> RejectedError:
    """For a file that contradicts its format; detail: a sentence."""
    return RejectedError(Reason.CORRUPT, detail)
