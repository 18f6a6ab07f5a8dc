"""The largest pictures that the limits let through fit into the function, with room for the rest.

Proved in a process of its own a picture, by what Linux says it held: one of 250 megapixels, and
one whose decoder has to hold all of it, also where the largest size is set and it lies on its side.
Not proved: the time on Lambda, whose cores are others.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.files.runtime.images import Limits
from services.files.runtime.images.rendering import LARGEST
from tests.files.images.pictures import ADAM7, chunk, with_chunks

REPOSITORY = Path(__file__).resolve().parents[3]
# Of 512, of which Lambda's runtime, the handler and its AWS clients have about 80.
PEAK_MB = 400
RGB, RGBA = 2, 6
STRAIGHT = ((0, 0, 1, 1),)


def huge(side: int, kind: int, bits: int, passes: Sequence[tuple[int, int, int, int]]) -> bytes:
    """A square black PNG; its rows are compressed as they are made."""
    pixel = (3 if kind == RGB else 4) * bits // 8
    packer = zlib.compressobj(1)
    packed = b""
    for left, top, across, down in passes:
        row = bytes(1 + pixel * -(-(side - left) // across))
        for _ in range(-(-(side - top) // down)):
            packed += packer.compress(row)
    packed += packer.flush()
    header = struct.pack(">IIBBBBB", side, side, bits, kind, 0, 0, passes is ADAM7)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", packed), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# EXIF of one tag, the orientation: 6, a quarter turn.
ON_ITS_SIDE = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
LARGEST_SIZE = f"""
import sys
from pathlib import Path
from benchmarks.memory import peak_mb
from services.files.runtime.images import Size, render
source, folder = map(Path, sys.argv[1:])
render(source, name="huge.png", into=folder, sizes=[Size("largest", {LARGEST})])
print(peak_mb())
"""


@pytest.mark.parametrize(
    ("side", "kind", "bits", "passes"),
    [(15_800, RGB, 8, STRAIGHT), (5_350, RGBA, 16, ADAM7)],
    ids=["most pixels", "most memory"],
)
def test_the_largest_pictures_fit(
    tmp_path: Path, side: int, kind: int, bits: int, passes: Sequence[tuple[int, int, int, int]]
) -> None:
    limits = Limits()
    nearest = side * side / limits.pixels, side * side * 8 / limits.decoder_bytes
    assert 0.98 < (nearest[0] if passes is STRAIGHT else nearest[1]) <= 1
    (tmp_path / "huge.png").write_bytes(huge(side, kind, bits, passes))
    command = ["-m", "benchmarks.our_images", str(tmp_path / "huge.png"), str(tmp_path)]
    output = subprocess.run(
        [sys.executable, *command], check=True, cwd=REPOSITORY, stdout=subprocess.PIPE
    ).stdout
    _, peak = json.loads(output)
    assert peak <= PEAK_MB


@pytest.mark.parametrize(
    ("side", "bits", "passes"),
    [(5_350, 16, ADAM7), (8_192, 8, STRAIGHT)],
    ids=["most memory of a decoder", "most memory of larger sizes"],
)
def test_the_largest_size_fits(
    tmp_path: Path, side: int, bits: int, passes: Sequence[tuple[int, int, int, int]]
) -> None:
    png = with_chunks(huge(side, RGBA, bits, passes), chunk(b"eXIf", ON_ITS_SIDE))
    (tmp_path / "huge.png").write_bytes(png)
    (tmp_path / "made").mkdir()
    command = ["-c", LARGEST_SIZE, str(tmp_path / "huge.png"), str(tmp_path / "made")]
    output = subprocess.run(
        [sys.executable, *command], check=True, cwd=REPOSITORY, stdout=subprocess.PIPE
    ).stdout
    assert float(output) <= PEAK_MB
