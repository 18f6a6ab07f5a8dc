"""What others wrote, as a terminal can be shown it."""

from __future__ import annotations

import re

_SHORT = 200
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[ -~])?")
"""Colours, titles, the clipboard: whatever ECMA-48 and xterm let a program ask of a terminal."""


def plain(text: object) -> str:
    """One line without control characters, which could do anything to a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def output(text: str) -> str:
    """What programs wrote, line by line: without colours, and with its tabs."""
    lines = _SEQUENCE.sub("", text).split("\n")
    return "\n".join("\t".join(map(plain, line.split("\t"))) for line in lines)


def short(text: str) -> str:
    """The same, cut where it is long."""
    return plain(text)[:_SHORT]
