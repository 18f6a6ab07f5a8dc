"""ICC profiles made for tests, byte by byte (ICC.1:2022)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

# CIE XYZ of the primaries, adapted to D50. Display P3: the registry of ICC profiles.
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
_WHITE = (0.9642, 1.0, 0.8249)


def rgb(primaries: Sequence[Sequence[float]], name: str = "made for a test") -> bytes:
    """A display with these primaries and a gamma of 2.2."""
    red, green, blue = primaries
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    tags = {
        b"desc": _description(name),
        b"wtpt": _xyz(_WHITE),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey(gamma: float) -> bytes:
    """A grey display."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = {b"desc": _description("grey"), b"wtpt": _xyz(_WHITE), b"kTRC": curve}
    return _profile(b"mntr", b"GRAY", b"XYZ ", tags)


def cmyk(cyan_lab: tuple[int, int, int]) -> bytes:
    """A press without ink but a cyan one, whose colour is given: L* of 100, a*, b*."""
    steps = bytes(range(256))
    lightness, a, b = cyan_lab
    ink = bytes([round(lightness * 2.55), a + 128, b + 128])
    paper = bytes([255, 128, 128])
    # Two steps of four inks, the last one changing fastest; so the upper half has the cyan.
    grid = paper * 8 + ink * 8
    identity = struct.pack(">9i", *(65536 * (row == col) for row in range(3) for col in range(3)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + steps * 4 + grid + steps * 3
    tags = {b"desc": _description("press"), b"wtpt": _xyz(_WHITE), b"A2B0": table}
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    entries, bodies = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, body in tags.items():
        entries += struct.pack(">4sII", tag, start + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    size = start + len(bodies)
    head = struct.pack(">I4sI4s4s4s", size, b"test", 0x02400000, kind, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *map(_fixed, _WHITE))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + bodies


def _description(name: str) -> bytes:
    text = name.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)


def _xyz(value: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, value))


def _fixed(value: float) -> int:
    return round(value * 65536)
