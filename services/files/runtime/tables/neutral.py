"""Keeps a spreadsheet from running a cell as a formula.

OWASP, "CSV Injection": cells that begin with = + - @, tab, carriage return or line feed, or with
the full-width forms of these signs; spreadsheets also skip spaces and invisible characters first.
"""

from __future__ import annotations

import re
import unicodedata

_SIGNS = frozenset("=+-@")
_BREAKS = ("\t", "\r", "\n")
_NEGATIVE_NUMBER = re.compile(r"-[0-9]+([.,'][0-9]+)*([eE][+-]?[0-9]+)?")
_INVISIBLE = ("C", "Z")
_APOSTROPHE = "'"


def neutralised(cell: str) -> str:
    """The cell as text for a spreadsheet: with an apostrophe in front where it needs one."""
    return _APOSTROPHE + cell if _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    if _NEGATIVE_NUMBER.fullmatch(cell):
        return False
    return cell.startswith(_BREAKS) or _first_visible(cell) in _SIGNS


def _first_visible(cell: str) -> str:
    for character in cell:
        if not unicodedata.category(character).startswith(_INVISIBLE):
            return unicodedata.normalize("NFKC", character)[:1]
    return ""
