"""Measures the image half of the file service against naive Pillow, each in processes of its own.

python -m benchmarks.images [--rounds N]   prints the table, as `make bench` writes it down.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.run import REPOSITORY, Comparison

WIDTH, HEIGHT = 6000, 4000
# Of a baseline JPEG of 24 megapixels: CPU time against the naive, and memory in MB (10^6 bytes).
CPU_GOAL, PEAK_GOAL = 0.25, 130.0
NAIVE, OURS = "benchmarks.naive_images", "benchmarks.our_images"


@dataclass(frozen=True)
class Row:
    """One kind of picture. cpu: seconds, medians; peaks: MB of resident memory, largest seen."""

    picture: str
    cpu: Comparison
    naive_peak: float
    our_peak: float

    def as_markdown(self) -> str:
        """A row of TABLE_HEAD's table."""
        cpu = self.cpu.in_milliseconds()
        return (
            f"| {self.picture} | {cpu.baseline:.0f} ms | {cpu.ours:.0f} ms | **{cpu.ratio:.2f}** "
            f"| {self.naive_peak:.0f} MB | {self.our_peak:.0f} MB |"
        )


TABLE_HEAD = """\
| file service, 24 megapixels, three derivatives | naive CPU | ours | ratio | naive peak | ours |
|---|---|---|---|---|---|"""

_SECTION = """
## Pictures

{head}
{rows}

The goals, for the first row: a ratio of {cpu:.2f} and {peak:.0f} MB. Medians of {rounds}
interpreters a side, and the largest peak of resident memory. Naive is `benchmarks/naive_images.py`:
Pillow decodes the picture and resizes that three times. Ours also takes the file apart, converts
its colours and writes the document; imports count on both sides. The pictures are generated. Not
measured: S3.
`docs/decisions/2026-11-25-images.md` compares more ways to do it.
"""


def rows(rounds: int) -> list[Row]:
    """The table: a baseline JPEG, which the goals are for, a progressive one, and a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = _pictures(Path(folder))
        return [_row(name, path, Path(folder), rounds) for name, path in pictures.items()]


def section(table: Sequence[Row], rounds: int) -> str:
    """The pictures' part of docs/benchmarks.md."""
    lines = "\n".join(row.as_markdown() for row in table)
    return _SECTION.format(head=TABLE_HEAD, rows=lines, cpu=CPU_GOAL, peak=PEAK_GOAL, rounds=rounds)


def verdict(table: Sequence[Row]) -> str:
    """Whether the goals are reached, in a line."""
    state = "reached" if reached(table[0]) else "MISSED"
    return f"pictures: goals {CPU_GOAL:.2f} and {PEAK_GOAL:.0f} MB for the JPEG {state}"


def reached(row: Row) -> bool:
    """Whether the row of the baseline JPEG reaches both goals."""
    return row.cpu.ratio <= CPU_GOAL and row.our_peak <= PEAK_GOAL


def _pictures(folder: Path) -> dict[str, Path]:
    """Light and shadow with the noise of a sensor: about as hard to code as a photo."""
    coarse = (WIDTH // 40, HEIGHT // 40)
    shapes = Image.effect_noise(coarse, 120).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    light = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    noise = Image.effect_noise((WIDTH, HEIGHT), 60)
    red = Image.blend(Image.blend(light, shapes, 0.5), noise, 0.12)
    mirrored = shapes.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = Image.merge("RGB", (red, shapes, Image.blend(mirrored, noise, 0.12)))
    files = {
        "JPEG": folder / "photo.jpg",
        "JPEG, progressive": folder / "progressive.jpg",
        "PNG": folder / "photo.png",
    }
    image.save(files["JPEG"], quality=90)
    image.save(files["JPEG, progressive"], quality=90, progressive=True)
    image.save(files["PNG"], compress_level=1)
    return files


def _row(name: str, picture: Path, folder: Path, rounds: int) -> Row:
    """Both sides in turn, so that what disturbs the machine disturbs both."""
    into = folder / "derivatives"
    into.mkdir(exist_ok=True)
    measured: tuple[list[tuple[float, float]], ...] = ([], [])
    for _ in range(rounds):
        for side, samples in zip((NAIVE, OURS), measured, strict=True):
            samples.append(_measure(["-m", side, str(picture), str(into)]))
    naive, ours = (statistics.median(cpu for cpu, _ in samples) for samples in measured)
    peaks = [max(peak for _, peak in samples) for samples in measured]
    return Row(name, Comparison(naive, ours, rounds), *peaks)


def _measure(arguments: Sequence[str]) -> tuple[float, float]:
    """CPU seconds and peak in MB, as a fresh interpreter says."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
    seconds, peak = json.loads(done.stdout)
    return float(seconds), float(peak)


def main(arguments: list[str]) -> int:
    """The command line; the exit code. Missing a goal is told, not an error: machines differ."""
    parser = argparse.ArgumentParser(prog="benchmarks.images", description="Measures rendering")
    parser.add_argument("--rounds", type=int, default=7, help="processes a side and a picture")
    table = rows(parser.parse_args(arguments).rounds)
    print(TABLE_HEAD, *(row.as_markdown() for row in table), sep="\n")
    print(verdict(table))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
