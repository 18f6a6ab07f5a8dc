"""Counts an animated PNG's frames, and says what is wrong with them.

PNG, third edition: 11.3.6. What is wrong with an animation does not concern the still picture, so
it is noted and no reason to reject.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.files.runtime.images.header import Note

_CONTROL_BYTES: Final = 8
_FRAME_BYTES: Final = 26
_SEQUENCE_BYTES: Final = 4
_MOST_DISPOSE, _MOST_BLEND = 2, 1


@dataclass
class Animation:
    """What the chunks acTL, fcTL and fdAT say. canvas: width and height of the picture."""

    canvas: tuple[int, int] = (0, 0)
    announced: int = 0
    found: int = 0
    includes_still: bool = False
    problem: str | None = None
    _sequence: int = 0

    @property
    def frames(self) -> int:
        """Of the whole file, at least 1; a file that announces fewer than it has has them still."""
        return max(self.announced, self.found, 1)

    def note(self, kind: str, body: bytes, *, after_pixels: bool) -> None:
        """Takes a chunk in; after_pixels: whether it comes after the still picture's."""
        self.problem = self.problem or next(self._problems(kind, body, after_pixels), None)
        if kind == "acTL" and len(body) >= _SEQUENCE_BYTES:
            (self.announced,) = struct.unpack_from(">I", body)
        elif kind == "fcTL":
            self.found += 1
            self.includes_still |= not after_pixels

    def notes(self) -> Iterator[Note]:
        """What a user should know of it; nothing for a PNG that is not animated."""
        if not self.announced and not self.found and self.problem is None:
            return
        if self.problem is None and self.announced != self.found:
            self.problem = f"{self.announced} frames are announced and {self.found} are there"
        if self.problem is not None:
            detail = f"The animation is broken: {self.problem}."
            yield Note("animation-malformed", detail)
        still = "its first frame" if self.includes_still else "a picture that is no frame of it"
        detail = (
            f"The animation has {self.frames} frames; its still picture, {still}, was rendered."
        )
        yield Note("first-frame", detail)

    def _problems(self, kind: str, body: bytes, after_pixels: bool) -> Iterator[str]:
        if kind == "acTL":
            yield from self._problems_of_control(body, after_pixels)
            return
        if not self.announced:
            yield f"{kind} comes without acTL before it"
        if len(body) < _SEQUENCE_BYTES or (kind == "fcTL" and len(body) != _FRAME_BYTES):
            yield f"{kind} has a wrong length"
            return
        (number,) = struct.unpack_from(">I", body)
        if number != self._sequence:
            yield f"{kind} has number {number} where {self._sequence} is due"
        self._sequence = number + 1
        if kind == "fcTL":
            yield from self._problems_of_frame(body)

    def _problems_of_control(self, body: bytes, after_pixels: bool) -> Iterator[str]:
        if len(body) != _CONTROL_BYTES:
            yield "acTL has a wrong length"
        elif body[:4] == b"\0\0\0\0":
            yield "acTL announces no frames"
        if self.announced:
            yield "acTL comes twice"
        if after_pixels:
            yield "acTL comes after the picture"

    def _problems_of_frame(self, body: bytes) -> Iterator[str]:
        _, width, height, left, top, _, _, dispose, blend = struct.unpack(">IIIIIHHBB", body)
        if (
            not width
            or not height
            or left + width > self.canvas[0]
            or top + height > self.canvas[1]
        ):
            yield f"a frame of {width} x {height} at ({left}, {top}) is not inside the picture"
        if dispose > _MOST_DISPOSE or blend > _MOST_BLEND:
            yield f"fcTL has the operations {dispose} and {blend}"
