"""Parses a JSON object from bytes and refuses everything that two parsers might read differently.

Refused besides plain syntax errors: other encodings than UTF-8, a byte order mark, NaN and
Infinity, numbers beyond a double's range (integers too), repeated member names, lone surrogates,
and nesting beyond MAX_DEPTH. The standard parser does the work at its own speed;
only a body that it or its hooks stumble over is read again to find the place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import NoReturn, cast

from services.common.runtime.problems import InvalidJsonError

MAX_DEPTH = 64
# The largest double has 309 digits before its point. Found in digits inside strings, too; without
# the first half, a search would look at every run of digits once for each of them.
_MAY_BE_OUT_OF_RANGE = re.compile(r"(?<![0-9])[0-9]{309}")

_LEXEME = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?Infinity|[{}\[\],:]'
)


class _OffenceError(Exception):
    """Raised by a parser hook, which knows what is wrong but not where."""


def parse_object(body: bytes) -> dict[str, object]:
    """The object that `body` is. Raises InvalidJsonError, whose detail names line and column."""
    text = _decode(body)
    try:
        value = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
    except json.JSONDecodeError as error:
        raise _refusal(text[: error.pos], error.msg) from None
    except (_OffenceError, RecursionError, ValueError):
        raise _first_offence(text) or _refusal("", "Value out of range") from None
    if not isinstance(value, dict):
        raise _refusal(text[: len(text) - len(text.lstrip())], "Expected an object")
    if _may_hold_surrogates(text) or _MAY_BE_OUT_OF_RANGE.search(text) or _too_deep(value):
        offence = _first_offence(text)
        if offence:
            raise offence
    return value


def _decode(body: bytes) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        raise _refusal("", "Byte order mark")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(body[: error.start].decode("utf-8"), "Not UTF-8") from None


def _refuse(constant: str) -> NoReturn:
    raise _OffenceError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise _OffenceError(number)
    return value


def _without_repeats(members: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(members)
    if len(value) != len(members):
        raise _OffenceError
    return value


def _may_hold_surrogates(text: str) -> bool:
    """Cheap, and never wrong about "no"; paired ones, and so most emoji, give a "yes" as well."""
    return "\\ud" in text or "\\uD" in text


def _too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for container in level for child in _containers(container)]
        if not level:
            return False
    return True


def _containers(container: object) -> list[object]:
    children = container.values() if isinstance(container, dict) else container
    return [child for child in cast("Iterable[object]", children) if isinstance(child, dict | list)]


def _first_offence(text: str) -> InvalidJsonError | None:
    """The first thing that we do not accept in `text`, which is well-formed up to there."""
    names: list[set[str] | None] = []  # one entry an open container; None for an array
    expects_name = False
    for match in _LEXEME.finditer(text):
        lexeme, offset = match.group(), match.start()
        if lexeme in "{[":
            names.append(set() if lexeme == "{" else None)
            if len(names) > MAX_DEPTH:
                return _refusal(text[:offset], f"Nesting deeper than {MAX_DEPTH}")
        elif lexeme in "}]":
            names.pop()
        elif reason := _offence_of_scalar(lexeme, names[-1] if expects_name and names else None):
            return _refusal(text[:offset], reason)
        expects_name = lexeme in "{," and bool(names) and names[-1] is not None
    return None


def _offence_of_scalar(lexeme: str, names: set[str] | None) -> str | None:
    """What is wrong with a string or number. names: those seen, if a member's name is due here."""
    if lexeme.startswith('"'):
        return _offence_of_string(json.loads(lexeme, strict=False), names)
    if lexeme[-1] in "Ny":
        return f"{lexeme} is not JSON"
    if lexeme not in ",:" and not _representable(lexeme):
        return "Number out of range"
    return None


def _offence_of_string(string: str, names: set[str] | None) -> str | None:
    if any("\ud800" <= character <= "\udfff" for character in string):
        return "Lone surrogate"
    if names is None:
        return None
    if string in names:
        return "Repeated member name"
    names.add(string)
    return None


def _representable(number: str) -> bool:
    return math.isfinite(float(number))


def _refusal(before: str, reason: str) -> InvalidJsonError:
    """The error for a place, given as the text before it. Lines and columns count from 1."""
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return InvalidJsonError(
        f"{reason} at line {line}, column {column}",
        extensions={"position": {"line": line, "column": column, "offset": len(before)}},
    )
