"""Memory does not grow with the file, and stays within what Lambda gives the function.

Measured in a process of its own for each size; at a gigabyte, by `benchmarks/tables.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
PROBE = r'''
import sys
from benchmarks.memory import peak_mb
from services.files.runtime.tables import Limits, Outputs, Table, transform

class Repeated:
    def __init__(self, head, row, tail, size):
        self.parts = [head, *[row * (100_000 // len(row))] * (size // 100_000), tail]
    def read(self, size):
        return self.parts.pop(0) if self.parts else b""

class Nothing:
    def write(self, data):
        pass

kind, size = sys.argv[1], int(sys.argv[2])
row = b'17,Zo\xc3\xab,"a, ""b""",1.5\n' if kind == "csv" else b'{"a": 17, "b": ["x", 1.5]},\n'
head, tail = (b"a,b,c,d\n", b"") if kind == "csv" else (b"[", b"{}]")
nothing = Nothing()
outputs = Outputs(nothing, nothing if kind == "csv" else None, nothing)
table = Table(lambda: Repeated(head, row, tail, size), kind)
assert transform(table, outputs, Limits())["rows"] > size // 50
print(peak_mb())
'''
MIB = 1024 * 1024


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_four_times_the_file_takes_no_more_memory(kind: str) -> None:
    small, large = (_peak(kind, size) for size in (8 * MIB, 32 * MIB))
    assert large < small + 12
    assert large < 150


def _peak(kind: str, size: int) -> float:
    """MB at most resident, interpreter included."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, kind, str(size)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)
