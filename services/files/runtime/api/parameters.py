"""The query parameters of a list of files."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from services.common.runtime.http import Call
from services.files.runtime.api.listing import Wish, position_of
from services.files.runtime.api.problems import InvalidParameterError
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import Status

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
_NAMES = ("cursor", "kind", "limit", "status")
_MOST_DIGITS = 3


def wish_of(call: Call) -> Wish:
    """Raises InvalidParameterError for what is unknown, repeated or malformed."""
    given = {name: _only(values) for name, values in call.query.items()}
    unknown = sorted(set(given) - set(_NAMES))
    if unknown:
        raise InvalidParameterError(f"Unknown parameter; expected one of {', '.join(_NAMES)}")
    cursor = given.get("cursor")
    return Wish(
        kind=_one_of(Kind, "kind", given.get("kind")),
        status=_one_of(Status, "status", given.get("status")),
        before=None if cursor is None else position_of(cursor),
        limit=_limit(given.get("limit")),
    )


def _only(values: Sequence[str]) -> str:
    if len(values) != 1:
        raise InvalidParameterError("A parameter was sent more than once")
    return values[0]


def _one_of[E: StrEnum](kind: type[E], name: str, text: str | None) -> E | None:
    if text is None:
        return None
    if text not in set(kind):
        raise InvalidParameterError(f"{name} must be one of {', '.join(kind)}")
    return kind(text)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    digits = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not digits or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidParameterError(f"limit must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)
