"""Tells the CSV that every parser reads alike from the rest, a megabyte at a time.

Python's `csv` is the judge of what a row is. The engine is several times faster and agrees with it
where a quote opens only at the start of a field and closes only at its end, where carriage returns
come with a line feed, and where no byte order mark opens the text (the engine would drop it). What
is not plain in this sense goes through `csv` itself.
"""

from __future__ import annotations

import codecs

QUOTE = b'"'


def last_row_end(data: bytes) -> int:
    """Where the last whole row of plain `data` ends, 0 if none does.

    In plain CSV every quote opens, closes or doubles, so a line feed ends a row if the quotes
    before it are even in number. `data` starts with a row.
    """
    end = data.rfind(b"\n")
    quotes = data.count(QUOTE, 0, end) if end > 0 else 0
    while end >= 0 and quotes % 2:
        # Inside a field: its opening quote, or one that is doubled in it, comes before.
        before = data.rfind(QUOTE, 0, end)
        end = data.rfind(b"\n", 0, before)
        quotes -= data.count(QUOTE, max(end, 0), before + 1)
    return end + 1


def is_plain(data: bytes, delimiter: bytes) -> bool:
    """Whether `csv` and the engine see the same fields in `data`, which holds whole rows."""
    if data.startswith(codecs.BOM_UTF8):
        return False
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False
    return QUOTE not in data or _quotes_are_plain(data, delimiter)


def _quotes_are_plain(data: bytes, delimiter: bytes) -> bool:
    """Whether quotes stand only where fields begin and end, or are doubled within.

    Taking the pairs out leaves quotes that open and close in turn: in a run at the start of a
    field, or inside one, an odd quote is left exactly if the run opens or closes the field; in a
    run elsewhere, where quotes are text, the one that is left is not beside a delimiter.
    """
    parts = data.replace(QUOTE * 2, b"").split(QUOTE)
    if len(parts) % 2 == 0:
        return False
    # What is outside of quotes, with one quote for each field that was taken out.
    outside = QUOTE.join(parts[::2])
    fields = len(parts) // 2
    opened = outside.count(delimiter + QUOTE) + outside.count(b"\n" + QUOTE)
    opened += outside.startswith(QUOTE)
    closed = outside.count(QUOTE + delimiter) + sum(
        outside.count(QUOTE + end) for end in (b"\n", b"\r")
    )
    return opened == fields == closed
