"""Globs, read as git reads `.gitignore`, as regular expressions of a path.

`*` and `?` stay within a name, `**` crosses folders, a slash anywhere but at the end ties a pattern
to the tree's root, a folder means all that is in it, `!` takes back what an earlier one said: the
last one that fits decides ("gitignore", Git reference manual, "Pattern format"). Not read here:
character classes and escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

READABLE: Final = r"!?[^\\\[\]!#\s][^\\\[\]\n]*"
_PARTS: Final = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def compiled(globs: Iterable[str]) -> list[tuple[str, bool]]:
    """Each glob as (regular expression, True), or False where `!` stands before it."""
    return [(_expression(glob.removeprefix("!")), not glob.startswith("!")) for glob in globs]


def of_file(text: str) -> list[str]:
    """The globs of a `.gitignore`, without its comments and empty lines."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _expression(glob: str) -> str:
    name = glob.rstrip("/")
    anywhere = "" if "/" in name else "(?:.*/)?"
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", name.lstrip("/"))
    text = "".join(_PARTS.get(part, re.escape(part)) for part in parts)
    return f"{anywhere}{text}(?:/.*)?"
