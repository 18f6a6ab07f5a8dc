"""How large a picture may be, and what follows from 512 MB of memory."""

from __future__ import annotations

from dataclasses import dataclass

from services.files.runtime.images.header import Header
from services.files.runtime.images.reasons import Reason
from services.files.runtime.rejection import RejectedError

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is refused from a file's header alone, before anything is decoded.

    The defaults are for 512 MB and five minutes of a third of a core; the decision page on images
    has the measurements. bytes: of the file; /tmp, 512 MB on Lambda, holds it twice. pixels: decide
    the time. side: in pixels, what libjpeg can count to; decoders hold some rows at full width.
    decoder_bytes: what the decoder must hold at once, see `Header`. frames: of an animation or a
    multi-picture file, of which all but the first are ignored. parts: chunks, or segments. scans:
    of a JPEG; each costs a pass over all pixels, however few bytes it has.
    """

    bytes: int = 100 * MIB
    pixels: int = 250_000_000
    side: int = 65_500
    decoder_bytes: int = 300 * MIB
    frames: int = 1_000
    parts: int = 100_000
    scans: int = 64

    def check_bytes(self, size: int) -> None:
        """Raises RejectedError for an empty or a too large file."""
        if size == 0:
            raise RejectedError(Reason.EMPTY, "The file has no bytes.")
        self._check(Reason.TOO_MANY_BYTES, "The file has", size, self.bytes, "bytes")

    def check_parts(self, count: int) -> None:
        """Raises RejectedError for the part that is one too many."""
        self._check(Reason.TOO_MANY_PARTS, "The file has at least", count, self.parts, "parts")

    def check(self, header: Header) -> None:
        """Raises RejectedError for the first limit that a header exceeds."""
        pixels = header.width * header.height
        longest = max(header.width, header.height)
        size = f"The picture is {header.width} x {header.height}:"
        self._check(Reason.SIDE_TOO_LONG, f"{size} a side of", longest, self.side, "pixels")
        self._check(Reason.TOO_MANY_PIXELS, size, pixels, self.pixels, "pixels")
        kind = "The interlaced or progressive picture takes"
        self._check(
            Reason.TOO_MUCH_MEMORY,
            kind,
            header.decoder_bytes,
            self.decoder_bytes,
            "bytes to decode",
        )
        self._check(Reason.TOO_MANY_FRAMES, "The file has", header.frames, self.frames, "frames")
        self._check(Reason.TOO_MANY_PARTS, "The JPEG has", header.scans, self.scans, "scans")

    @staticmethod
    def _check(reason: Reason, what: str, value: int, limit: int, unit: str) -> None:
        if value > limit:
            raise RejectedError(reason, f"{what} {value:,} {unit}; at most {limit:,} are accepted.")
