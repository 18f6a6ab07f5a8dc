"""Measures the transformation of tables against the obvious ways to write it.

python -m benchmarks.tables [--rounds N] [--gigabyte]

Every measurement is an interpreter of its own, the sides take turns, and inputs are generated.
`--gigabyte` only measures the peak of memory over a gigabyte of each kind.
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

from benchmarks import table_inputs
from benchmarks.run import REPOSITORY

MEGABYTES = 30
GIGABYTE = 1000


@dataclass(frozen=True)
class Measured:
    """Medians of one subject: wall and CPU seconds, and MiB of memory at most."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Row:
    """What was compared. goal: how many times faster, None where there is none to reach."""

    name: str
    baseline: Measured
    ours: Measured
    megabytes: float
    goal: float | None

    @property
    def speedup(self) -> float:
        return self.baseline.wall / self.ours.wall


# What a row compares, how it is called, and what it has to reach.
_COMPARISONS = (
    ("CSV without quotes to JSON Lines, types known", "plain", "naive-csv", "csv-lines", 7.0),
    ("CSV to JSON Lines, types known", "csv", "naive-csv", "csv-lines", 7.0),
    ("CSV to JSON Lines, Parquet and profile", "csv", "naive-csv", "csv", None),
    ("JSON array to JSON Lines", "json", "ijson", "json-lines", 5.0),
    ("JSON array to JSON Lines and profile", "json", "ijson", "json", None),
)

_SECTION = """
## Tables

| file service, {megabytes} MB | baseline | ours | times faster | goal | peak of memory |
|---|---|---|---|---|---|
{rows}

Medians of {rounds} interpreters a side, wall time. The baseline for CSV is `csv.DictReader` and
`json.dumps`, for JSON ijson with its C backend and `json.dumps`; both write JSON Lines and nothing
else. "Types known" is the pass that writes, after the one that finds the types. Not measured: S3,
and memory over a gigabyte, which `python -m benchmarks.tables --gigabyte` does.
`docs/decisions/2026-11-25-tables.md` compares more ways to do it.
"""


def rows(rounds: int, megabytes: int = MEGABYTES) -> list[Row]:
    """All comparisons, each with its sides interleaved `rounds` times."""
    with tempfile.TemporaryDirectory() as folder:
        files = table_inputs.write_files(Path(folder), megabytes)
        return [
            _compare(name, files[kind], (baseline, ours), rounds, goal)
            for name, kind, baseline, ours, goal in _COMPARISONS
        ]


def section(table: Sequence[Row], rounds: int) -> str:
    """The tables' part of docs/benchmarks.md."""
    cells = "\n".join(map(_markdown, table))
    return _SECTION.format(megabytes=MEGABYTES, rows=cells, rounds=rounds)


def verdict(row: Row) -> str:
    """What a row shows, in a line."""
    reached = ""
    if row.goal is not None:
        state = "reached" if row.speedup >= row.goal else "MISSED"
        reached = f", goal {row.goal:.0f} {state}"
    return (
        f"{row.name}: {row.speedup:.1f} times faster{reached}; "
        f"{row.megabytes / row.ours.cpu:.0f} MB per second of CPU, {row.ours.peak:.0f} MiB"
    )


def _markdown(row: Row) -> str:
    goal = f"{row.goal:.0f}" if row.goal else "none"
    speeds = [f"{row.megabytes / each.wall:.0f} MB/s" for each in (row.baseline, row.ours)]
    return (
        f"| {row.name} | {speeds[0]} | {speeds[1]} | **{row.speedup:.1f}** | {goal} "
        f"| {row.ours.peak:.0f} MiB |"
    )


def _compare(
    name: str, file: Path, subjects: Sequence[str], rounds: int, goal: float | None
) -> Row:
    runs: dict[str, list[Measured]] = {subject: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            runs[subject].append(probe(subject, str(file)))
    baseline, ours = (_median(runs[subject]) for subject in subjects)
    return Row(name, baseline, ours, file.stat().st_size / 1e6, goal)


def _median(runs: Sequence[Measured]) -> Measured:
    return Measured(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        statistics.median(run.peak for run in runs),
    )


def probe(subject: str, source: str) -> Measured:
    """One run in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.table_probe", subject, source],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{subject}: {done.stderr}")
    return Measured(*json.loads(done.stdout))


def main(arguments: Sequence[str]) -> int:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interpreters a side")
    parser.add_argument("--gigabyte", action="store_true", help="only the peak at a gigabyte")
    options = parser.parse_args(arguments)
    if options.gigabyte:
        for kind in ("csv", "json"):
            found = probe(kind, f"generated:{GIGABYTE}")
            speed = GIGABYTE / found.cpu
            print(f"{kind}: {found.peak:.0f} MiB at most, {speed:.0f} MB per second of CPU")
        return 0
    for row in rows(options.rounds):
        print(verdict(row))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
