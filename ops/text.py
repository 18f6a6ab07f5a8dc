"""What others wrote, as a terminal can be shown it."""

from __future__ import annotations

_SHORT = 200


def plain(text: object) -> str:
    """One line without control characters, which could do anything to a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def short(text: str) -> str:
    """The same, cut where it is long."""
    return plain(text)[:_SHORT]
