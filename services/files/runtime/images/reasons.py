"""Everything that can be wrong with a picture: the closed list of this package's reasons."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A `RejectedError.reason`. People read its detail, programs and alarms read this."""

    EMPTY = "empty"
    NOT_JPEG_OR_PNG = "not-jpeg-or-png"
    # A kind of JPEG or PNG that hardly anything reads: lossless, hierarchical, 12 bits, CgBI.
    UNSUPPORTED = "unsupported-variant"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_MANY_BYTES = "too-many-bytes"
    TOO_MANY_PIXELS = "too-many-pixels"
    SIDE_TOO_LONG = "side-too-long"
    TOO_MUCH_MEMORY = "too-much-memory"
    TOO_MANY_FRAMES = "too-many-frames"
    # Chunks of a PNG, segments or scans of a JPEG.
    TOO_MANY_PARTS = "too-many-parts"
