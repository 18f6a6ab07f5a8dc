"""A thousand files that nobody here made end right, or rejected for a reason of the closed list.

They are the test pictures of Pillow, in thirty formats, many of them broken on purpose. All are
rendered by one process, whose memory and time a file are bounded; then each picture is compared
with Pillow's own reading of the same file: size, orientation, brightness everywhere, colours on the
whole. Not proved: sharpness, and anything about files that Pillow cannot read either.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from services.files.runtime.images import SIZES, Reason
from tests.files.images.corpus_run import SECONDS

REPOSITORY = Path(__file__).resolve().parents[3]
# Of one process after the whole corpus; the interpreter with libvips takes 35 of them.
PEAK_MB = 130
# How far from Pillow's a picture may be, of 255: in brightness on a grid of 8 x 8, its worst cell
# and their mean, and in the mean of each colour.
CELL, CELLS, COLOURS = 30, 10, 16
# What Pillow sees in another way, and why we do not.
ANOTHER_VIEW = {
    "xmp_tags_orientation.png": "it obeys an orientation in XMP, which no browser does",
    "xmp_tags_orientation_exiftool.png": "it obeys an orientation in XMP, which no browser does",
    "i_trns.png": "it drops the transparency of 16-bit grey when it converts it",
    "chunk_no_fctl.png": "it refuses the broken animation, we render the still picture",
    "png_decompression_dos.png": "it refuses the text that we never expand",
}


@dataclass(frozen=True)
class Corpus:
    records: Sequence[dict[str, Any]]
    peak_mb: float

    def rendered(self) -> Iterator[dict[str, Any]]:
        return (record for record in self.records if "document" in record)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    script = REPOSITORY / "scripts" / "corpus-images"
    folder = subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    scratch = tmp_path_factory.mktemp("corpus")
    command = ["-m", "tests.files.images.corpus_run", folder, scratch / "out", scratch / "records"]
    subprocess.run(
        [sys.executable, *map(str, command)], check=True, cwd=REPOSITORY, timeout=SECONDS * 10
    )
    *records, last = map(json.loads, (scratch / "records").read_text().splitlines())
    return Corpus(records, last["peak_mb"])


def test_every_file_ends_rendered_or_rejected_for_a_known_reason(corpus: Corpus) -> None:
    reasons = Counter(record.get("reason", "rendered") for record in corpus.records)
    assert set(reasons) - {"rendered"} <= set(Reason)
    assert len(corpus.records) > 1000
    assert reasons["rendered"] > 400
    assert reasons[Reason.TRUNCATED] >= 3
    assert reasons[Reason.CORRUPT] >= 3


def test_every_picture_that_a_browser_shows_is_rendered(corpus: Corpus) -> None:
    """The rejected JPEGs and PNGs by name: each is damaged."""
    rejected = {
        Path(record["file"]).name
        for record in corpus.records
        if record.get("reason") not in (None, Reason.NOT_JPEG_OR_PNG, Reason.EMPTY)
    }
    assert rejected == {
        # cut off
        *("truncated_end_chunk.png", "truncated_image.png", "truncated_jpeg.jpg", "ultrahdr.jpg"),
        # pixels or checksums damaged
        *("broken.png", "broken_data_stream.png", "hopper_bad_exif.jpg"),
        "unknown_compression_method.png",
        # an animation of two thousand million frames, and one without a still picture
        *("syntax_num_frames_invalid.png", "syntax_num_frames_zero.png"),
    }


def test_memory_stays_bounded_over_all_files(corpus: Corpus) -> None:
    assert corpus.peak_mb <= PEAK_MB


def test_derivatives_have_their_sizes_and_nothing_but_pixels(corpus: Corpus) -> None:
    for record in corpus.rendered():
        document = record["document"]
        for size, described in zip(SIZES, document["derivatives"], strict=True):
            with Image.open(path_of(record, described)) as image:
                image.load()
                assert image.size == (described["width"], described["height"])
                assert max(image.size) == min(size.longest, *[max(original(document))])
                assert not {"exif", "icc_profile", "xmp", "photoshop", "comment"} & set(image.info)


# Pillow's, of the files that are broken on purpose
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pictures_look_like_pillows_reading_of_them(corpus: Corpus) -> None:
    compared, unlike = 0, {}
    for record in corpus.rendered():
        name = Path(record["file"]).name
        if name in ANOTHER_VIEW:
            continue
        compared += 1
        difference = differences(record)
        if difference:
            unlike[name] = difference
    assert not unlike
    assert compared > 400


def original(document: dict[str, Any]) -> tuple[int, int]:
    return document["width"], document["height"]


def path_of(record: dict[str, Any], described: dict[str, Any]) -> Path:
    ending = "png" if described["media_type"] == "image/png" else "jpg"
    return Path(record["into"]) / f"{described['name']}.{ending}"


def differences(record: dict[str, Any]) -> str | None:
    """What is unlike in the largest derivative, in words; None when nothing is."""
    document = record["document"]
    expected = by_pillow(Path(record["file"]))
    with Image.open(path_of(record, document["derivatives"][-1])) as image:
        ours = on_white(image)
    if expected.size != original(document):
        return f"{original(document)} instead of {expected.size}"
    grid = min(8, ours.width), min(8, ours.height)
    cells = [image.convert("L").resize(grid, Image.Resampling.BOX) for image in (ours, expected)]
    cell = ImageStat.Stat(ImageChops.difference(*cells))
    if cell.extrema[0][1] > CELL or cell.mean[0] > CELLS:
        return f"brightness off by {cell.mean[0]:.0f}, somewhere by {cell.extrema[0][1]}"
    means = [ImageStat.Stat(image).mean for image in (ours, expected)]
    colour = max(abs(one - other) for one, other in zip(*means, strict=True))
    # Without a profile Pillow has a formula for inks, and we have a press.
    if colour > COLOURS and document["colour_space"] != "cmyk":
        return f"colours off by {colour:.0f}"
    return None


def by_pillow(path: Path) -> Image.Image:
    """Upright, in sRGB, on white."""
    with Image.open(path) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
        profile = opened.info.get("icc_profile")
    if image.mode.startswith("I"):
        return on_white(image.point(lambda value: value / 257).convert("L"))
    return on_white(in_srgb(image, profile))


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode not in ("RGB", "L", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        relative = ImageCms.Intent.RELATIVE_COLORIMETRIC
        return ImageCms.profileToProfile(image, source, target, relative, outputMode="RGB") or image
    except (OSError, ImageCms.PyCMSError):
        return image


def on_white(image: Image.Image) -> Image.Image:
    picture = image.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")
