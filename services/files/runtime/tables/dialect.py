"""Finds the delimiter and the names of the columns.

Only the delimiter is a matter of guessing. The quote is always `"`, doubled inside of a field, so
it does not matter how far into the file the first quoted field comes.
"""

from __future__ import annotations

from services.files.runtime.rejection import RejectedError
from services.files.runtime.tables.exact import Row, read_rows

DELIMITERS = ",;\t|"
# What the choice is made by; it grows until it holds a row.
SAMPLE_BYTES = 64 * 1024


def find_delimiter(sample: bytes, *, final: bool) -> str | None:
    """The delimiter by which the most rows have as many fields as the first, which has several.

    Of two that do equally well, the one that gives more fields. A comma if there is one column;
    None if the sample holds no whole row. final: whether the sample is all there is.
    """
    best, best_score = ",", (0.0, 1)
    whole = False
    for delimiter in DELIMITERS:
        rows = read_rows(sample, delimiter, 1, final=final).rows
        whole = whole or bool(rows)
        if rows and _score(rows) > best_score:
            best, best_score = delimiter, _score(rows)
    return best if whole else None


def _score(rows: list[Row]) -> tuple[float, int]:
    fields = len(rows[0].cells)
    agreeing = sum(len(row.cells) == fields for row in rows)
    return (agreeing / len(rows) if fields > 1 else 0.0, fields)


def column_names(header: Row, max_columns: int) -> list[str]:
    """Names for the outputs, all different, without spaces around or NUL, which Arrow refuses.

    A column without a name is `column_N`, counted from 1; of equal names all but the first get
    `_2`, `_3`. Raises `too-many-columns`, `undecodable-header`.
    """
    if len(header.cells) > max_columns:
        raise RejectedError(
            "too-many-columns", f"The header has {len(header.cells):,} columns, over {max_columns}."
        )
    if not header.is_decoded:
        raise RejectedError(
            "undecodable-header", f"The header on line {header.line} cannot be decoded."
        )
    stripped = [cell.replace("\0", "").strip() for cell in header.cells]
    taken = set(stripped)
    names: dict[str, None] = {}
    for number, cell in enumerate(stripped, 1):
        name = cell or _free(f"column_{number}", taken)
        names[_free(name, taken) if name in names else name] = None
    return list(names)


def _free(name: str, taken: set[str]) -> str:
    """`name`, or with the first number that makes it unlike all others; taken from now on."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate
