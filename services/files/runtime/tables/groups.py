"""Chooses the rows of a Parquet row group so that a group fits in memory wherever it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables.limits import Limits

_MOST = 1 << 20


@dataclass(frozen=True)
class Window:
    """Consecutive rows of a file, and the bytes that they take as CSV."""

    rows: int
    size: int


def group_rows(windows: Sequence[Window], limits: Limits) -> int:
    """The greatest power of two whose groups all stay within `group_bytes`.

    Every group starts at a multiple of the result, as the Parquet writer cuts by rows alone.
    Raises `rows-too-uneven` if that takes more groups than `max_groups`.
    """
    total = sum(window.rows for window in windows)
    rows = _MOST
    while rows > 1 and _largest(windows, rows) > limits.group_bytes:
        rows //= 2
    if total > rows * limits.max_groups:
        raise RejectedError(
            "rows-too-uneven",
            f"Among the {total:,} rows there are so long ones that Parquet would need more than "
            f"{limits.max_groups:,} row groups.",
        )
    return rows


def _largest(windows: Sequence[Window], rows: int) -> int:
    """An upper bound of the bytes in any group: all windows that it shares a row with."""
    sizes: dict[int, int] = {}
    start = 0
    for window in windows:
        for group in range(start // rows, (start + max(window.rows, 1) - 1) // rows + 1):
            sizes[group] = sizes.get(group, 0) + window.size
        start += window.rows
    return max(sizes.values(), default=0)
