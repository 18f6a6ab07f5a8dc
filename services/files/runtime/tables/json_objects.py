"""Decodes JSON records, and finds what is wrong with those that are no plain objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain
from math import isfinite

import msgspec

type Object = dict[str, object]

# What can stand before the colon of a key: the key's quote, or white space.
_BEFORE_COLONS = (b'":', b" :", b"\t:", b"\r:", b"\n:")
_NAMES = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    list: "an array",
    type(None): "null",
}


class _UnfitError(Exception):
    """A record is not what it should be; the text says why."""


def decode_all(texts: Sequence[bytes], max_depth: int) -> list[Object] | None:
    """The records as objects, if nothing at all is wrong with them; else None.

    Whether a key stands twice in an object is seen by counting: there cannot be more keys than
    colons that can follow one, so none is missing if as many were decoded.
    """
    text = b",".join(texts)
    try:
        objects = _OBJECTS.decode(b"[" + text + b"]")
        pairs = _pairs(objects, max_depth)
    except (ValueError, RecursionError, _UnfitError):
        return None
    return objects if pairs == text.count(b":") or pairs == _most_pairs(text) else None


def decode_one(text: bytes, max_depth: int) -> Object | str:
    """One record as an object, or what is wrong with it."""
    try:
        value = _VALUE.decode(text)
        if not isinstance(value, dict):
            return f"{_NAMES[type(value)]} instead of an object"
        if _pairs([value], max_depth) != _most_pairs(text):
            _refuse_doubled_keys(text)
    except UnicodeDecodeError:
        return "bytes that are not UTF-8"
    except RecursionError:
        return "objects and lists are nested too deep"
    except (ValueError, _UnfitError) as error:
        return str(error)
    return value


def _pairs(objects: Sequence[Object], max_depth: int) -> int:
    """How many keys the objects have, those of the objects within them included."""
    count = 0
    objects_here, lists_here = objects, list[list[object]]()
    for _ in range(max_depth):
        count += sum(map(len, objects_here))
        values = chain(
            chain.from_iterable(map(dict.values, objects_here)), chain.from_iterable(lists_here)
        )
        within = [value for value in values if type(value) in _CONTAINERS]
        if not within:
            return count
        objects_here = [value for value in within if isinstance(value, dict)]
        lists_here = [value for value in within if isinstance(value, list)]
    raise _UnfitError("objects and lists are nested too deep")


def _most_pairs(text: bytes) -> int:
    return sum(map(text.count, _BEFORE_COLONS))


def _refuse_doubled_keys(text: bytes) -> None:
    json.loads(text, object_pairs_hook=_without_doubles, parse_int=str, parse_float=str)


def _without_doubles(pairs: list[tuple[str, object]]) -> Object:
    keys: set[str] = set()
    for key, _ in pairs:
        if key in keys:
            raise _UnfitError(f"the key {key[:100]!r} twice in one object")
        keys.add(key)
    return dict(pairs)


def _number(text: str) -> float | Decimal:
    """A number with a fraction or an exponent, also one beyond a float's range.

    Raises _UnfitError for an exponent that not even Decimal can hold.
    """
    number = float(text)
    if isfinite(number):
        return number
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _UnfitError("a number with an exponent of more than 18 digits") from None


_CONTAINERS = {dict, list}
_OBJECTS = msgspec.json.Decoder(list[dict[str, object]])
_VALUE = msgspec.json.Decoder(float_hook=_number)
