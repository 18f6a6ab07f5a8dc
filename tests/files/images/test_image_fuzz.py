"""Whatever is done to the bytes of a picture, it ends rendered or rejected, and nothing else.

Proved for bytes flipped, cut out, doubled and replaced in pictures of many kinds; derandomised, so
that every run tries the same. PNGs get their checksums mended, or nothing behind them were reached.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.files.runtime.images import Limits, Reason
from services.files.runtime.rejection import RejectedError
from tests.files.images import profiles
from tests.files.images.pictures import (
    ARITHMETIC,
    animated,
    chunk,
    oriented,
    quadrants,
    rendered,
    saved,
    texture,
    with_chunks,
)

_PROFILE = profiles.rgb(profiles.DISPLAY_P3)
_CMYK = quadrants(24, 16).convert("CMYK")
JPEGS = [
    saved(texture(48, 32), exif=oriented(6), icc_profile=_PROFILE),
    saved(texture(48, 32), progressive=True, subsampling=0),
    saved(texture(48, 32), restart_marker_blocks=2),
    saved(_CMYK, icc_profile=profiles.cmyk((50, 70, 50))),
    saved(quadrants(24, 16), "MPO", save_all=True, append_images=[quadrants(8, 8)]),
    ARITHMETIC,
]
PNGS = [
    saved(texture(24, 16), "PNG", exif=oriented(6), icc_profile=_PROFILE),
    saved(quadrants(24, 16).convert("P"), "PNG", transparency=0),
    saved(Image.linear_gradient("L").resize((24, 16)).convert("LA"), "PNG"),
    animated(saved(quadrants(24, 16), "PNG"), 3),
    with_chunks(
        saved(Image.new("I;16", (24, 16), 999), "PNG"), chunk(b"eXIf", oriented(3).tobytes()[6:])
    ),
]
# What a mutation does: where (as a part of the file), how much, and with which bytes.
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "double", "replace", "end"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 12),
        st.binary(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=4,
)
Mutations = Sequence[tuple[str, float, int, bytes]]


def mutated(content: bytes, mutations: Mutations) -> bytes:
    for kind, part, count, other in mutations:
        place = int(len(content) * part)
        before, hit, after = (
            content[:place],
            content[place : place + count],
            content[place + count :],
        )
        content = {
            "flip": before + bytes(byte ^ (1 << count % 8) for byte in hit) + after,
            "cut": before + after,
            "double": before + hit + hit + after,
            "replace": before + other + after,
            "end": before if len(mutations) == 1 else content,
        }[kind]
    return content


def mended(png: bytes) -> bytes:
    """With the checksum that each chunk ought to have, as far as there are chunks."""
    result, position = png[:8], 8
    while position + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, position)
        end = position + 8 + length
        body = png[position + 4 : end]
        result += png[position : position + 4] + body + struct.pack(">I", zlib.crc32(body))
        position = end + 4
    return result


def rejection(folder: Path, content: bytes) -> RejectedError | None:
    """None when Pillow reads every derivative; sizes are kept small for speed."""
    try:
        rendering = rendered(folder, content, limits=Limits(pixels=4_000_000))
    except RejectedError as error:
        return error
    for derivative in rendering.derivatives:
        with Image.open(derivative.path) as image:
            image.load()
            assert image.size == (derivative.width, derivative.height)
    return None


def assert_ends(content: bytes) -> None:
    """Rendered, or rejected for a known reason and with nothing left."""
    with tempfile.TemporaryDirectory() as folder:
        error = rejection(Path(folder), content)
        if error is not None:
            assert error.reason in set(Reason)
            assert list((Path(folder) / "out").iterdir()) == []


def nothing(content: bytes) -> bytes:
    return content


@pytest.mark.parametrize(
    ("seeds", "mend"),
    [(JPEGS, nothing), (PNGS, nothing), (PNGS, mended)],
    ids=["jpeg", "png", "mended"],
)
def test_damaged_pictures_end_rendered_or_rejected(
    seeds: list[bytes], mend: Callable[[bytes], bytes]
) -> None:
    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from(seeds), MUTATIONS)
    def check(content: bytes, mutations: Mutations) -> None:
        assert_ends(mend(mutated(content, mutations)))

    check()


def test_undamaged_seeds_are_rendered() -> None:
    """Else the rest would prove nothing."""
    for content in (*JPEGS, *PNGS, *map(mended, PNGS)):
        with tempfile.TemporaryDirectory() as folder:
            assert rendered(Path(folder), content).derivatives
