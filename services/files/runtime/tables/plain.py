"""Tells the CSV that every parser reads alike from the rest, a megabyte at a time.

Python's `csv` is the judge of what a row is. The engine is several times faster and agrees with it
where a quote opens only at the start of a field and closes only at its end, where carriage returns
come with a line feed, and where no byte order mark opens the text (the engine would drop it). What
is not plain in this sense goes through `csv` itself.
"""

from __future__ import annotations

import codecs
from operator import itemgetter

QUOTE = b'"'

_FIRST = itemgetter(slice(0, 1))
_LAST = itemgetter(slice(-1, None))


def last_row_end(data: bytes) -> int:
    """Where the last whole row of plain `data` ends, 0 if none does.

    In plain CSV every quote opens, closes or doubles, so a line feed ends a row if the quotes
    before it are even in number. `data` starts with a row.
    """
    end = data.rfind(b"\n")
    if QUOTE not in data:
        return end + 1
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

    Then each quote switches between outside and inside, a doubled one twice with nothing between.
    So of the parts between quotes, those outside are empty (a doubled quote) or have a delimiter or
    a line break at both ends; what comes before the first quote has one at its end, or is nothing.
    """
    parts = data.split(QUOTE)
    outside = parts[::2]
    if len(parts) % 2 == 0 or not outside[-1]:
        return False
    before_opening = set(map(_LAST, outside[:-1]))
    after_closing = set(map(_FIRST, outside[1:]))
    breaks = {delimiter, b"\n", b""}
    return before_opening <= breaks and after_closing <= breaks | {b"\r"}
