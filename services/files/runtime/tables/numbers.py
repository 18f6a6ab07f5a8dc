"""Decides whether texts are numbers that nothing would change.

A column is numeric only if every text in it is the one way to write its number: no leading zero or
plus sign, no trailing zero (0.1000), no more digits than a float has, nothing beyond a float's
range (1e400), and no integer beyond 2**53 - 1, which readers of JSON may round (RFC 7493, 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

SAFE_INTEGER = 2**53 - 1

_DECODER = msgspec.json.Decoder(list[int | float])
_FIRST = frozenset("-0123456789")


def numbers(texts: Sequence[str]) -> list[int | float] | None:
    """The numbers that the texts are, or None if one of them must stay text."""
    if not texts[0] or texts[0][0] not in _FIRST:
        return None
    listed = f"[{','.join(texts)}]".encode()
    try:
        found = _DECODER.decode(listed)
    except msgspec.DecodeError:
        return None
    if len(found) != len(texts) or not _are_unchanged(found, texts, listed):
        return None
    return found if _are_safe(found) else None


def _are_unchanged(found: list[int | float], texts: Sequence[str], listed: bytes) -> bool:
    """Whether each text is how JavaScript (0.00001) or Python (1e-05) writes its number."""
    written = msgspec.json.encode(found)
    if written == listed:
        return True
    forms = written[1:-1].decode().split(",")
    triples = zip(texts, forms, found, strict=True)
    return all(text in (form, repr(number)) for text, form, number in triples)


def _are_safe(found: list[int | float]) -> bool:
    """Whether a reader that knows only floats reads the integers as they are."""
    if float in map(type, found):
        found = [number for number in found if type(number) is int]
    return not found or max(*found, -min(found)) <= SAFE_INTEGER
