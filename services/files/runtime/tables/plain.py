"""Tells the CSV that every parser reads alike from the rest, a megabyte at a time.

Python's `csv` is the judge of what a row is. The engine is several times faster and agrees with it
where a quote opens only at the start of a field, where carriage returns come with a line feed, and
where no byte order mark opens the text (the engine would drop it). What is not plain in this sense
goes through `csv` itself.
"""

from __future__ import annotations

import codecs
from operator import itemgetter

QUOTE = b'"'

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
    """Whether every quote that opens stands where a field begins, or doubles the one before it.

    Then quotes switch between outside and inside, a doubled one twice with nothing between. What
    follows a quote that closes is text of the same field up to the delimiter, for both parsers.
    """
    parts = data.split(QUOTE)
    before_opening = set(map(_LAST, parts[:-1:2]))
    return len(parts) % 2 == 1 and before_opening <= {delimiter, b"\n", b""}
