"""Tables to measure with: orders as shops export them, the same at every run.

Ten columns of identifiers, words, numbers, a date, an address and a note. In the kind "csv" every
third note has a comma, a quote and a line break; "plain" is CSV without a quote.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

NAMES = ("id", "code", "kind", "ratio", "price", "day", "mail", "note", "paid", "amount")
_WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
_MEGABYTE = 1_000_000
_BLOCK_ROWS = 10_000


def orders(kind: str, seed: int, rows: int) -> list[tuple[object, ...]]:
    """Rows as in NAMES."""
    chance = random.Random(seed)  # noqa: S311 - data, no secret
    return [_order(chance, seed * rows + number, kind != "plain") for number in range(rows)]


def _order(chance: random.Random, number: int, hard: bool) -> tuple[object, ...]:
    note = " ".join(chance.choices(_WORDS, k=5))
    if hard and number % 3 == 0:
        note = note.replace(" ", ', "', 1).replace(" ", "\n", 1)
    return (
        number,
        f"{number % 977:06d}",
        chance.choice(_WORDS),
        chance.random(),
        round(chance.random() * 100, 2),
        f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}",
        f"user{chance.randrange(10**6)}@example.com",
        note,
        chance.choice(["true", "false", ""]),
        chance.randrange(10**6),
    )


def blocks(kind: str) -> Iterator[bytes]:
    """A CSV or JSON array without an end, whose text repeats after some megabytes."""
    made = [_block(kind, orders(kind, seed, _BLOCK_ROWS)) for seed in range(8)]
    yield (",".join(NAMES) + "\n").encode() if kind != "json" else b"[" + made[0].lstrip(b",")
    while True:
        yield from made


def _block(kind: str, rows: list[tuple[object, ...]]) -> bytes:
    if kind == "json":
        records = (dict(zip(NAMES, row, strict=True)) for row in rows)
        return "".join(f",{json.dumps(record)}" for record in records).encode()
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def whole(kind: str, megabytes: int) -> Iterator[bytes]:
    """The first blocks that are this long together, and the end."""
    size = 0
    for block in blocks(kind):
        yield block
        size += len(block)
        if size >= megabytes * _MEGABYTE:
            break
    if kind == "json":
        yield b"]"


def write_files(folder: Path, megabytes: int) -> dict[str, Path]:
    """A file of each kind."""
    files = {kind: folder / f"orders.{kind}" for kind in ("plain", "csv", "json")}
    for kind, path in files.items():
        with path.open("wb") as file:
            file.writelines(whole(kind, megabytes))
    return files
