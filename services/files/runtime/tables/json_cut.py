"""Cuts JSON between values, a megabyte at a time, without parsing it.

A cut is right exactly if what comes before it, closed with a bracket, is valid JSON: no later byte
can change what a parser has made of a prefix that ends with a whole value. So a guess is enough
where it is verified by parsing, which has to be done anyway; `last_value_end` is for where the
guess fails.
"""

from __future__ import annotations

import re

_FIRST_KEY = re.compile(rb'\s*\{\s*("[^"\\]{0,200}")')
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]|,', re.DOTALL)


def likely_separator(data: bytes) -> bytes:
    """What seems to stand between the objects of an array, with their first key; may be empty.

    `data` starts with an element.
    """
    if not (first := _FIRST_KEY.match(data)):
        return b""
    found = re.search(rb"\}\s*,\s*\{\s*" + re.escape(first[1]), data)
    return found[0] if found else b""


def last_value_end(data: bytes) -> int:
    """Where the last element ends that a comma follows, 0 if none does.

    `data` starts with an element of an array or before one.
    """
    depth = end = 0
    for token in _STRING_OR_BRACKET.finditer(data):
        sign = data[token.start()]
        if sign in b"[{":
            depth += 1
        elif sign in b"]}":
            depth -= 1
        elif sign == ord(",") and depth == 0:
            end = token.start()
    return end
