"""What the answers of our own services have in common."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from embedded_aws.json_service import ServiceError


def without_none(view: Mapping[str, Any]) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in view.items() if value is not None}


def page(request: Mapping[str, Any], name: str, rows: Sequence[Any], most: int) -> dict[str, Any]:
    """`rows` from the request's `nextToken` on, at most its `maxResults`, under `name`."""
    start = _start(request.get("nextToken"))
    end = start + int(request.get("maxResults", most))
    answer: dict[str, Any] = {name: list(rows[start:end])}
    if end < len(rows):
        answer["nextToken"] = base64.b64encode(f"from:{end}".encode()).decode()
    return answer


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        kind, _, number = base64.b64decode(token, validate=True).decode().partition(":")
        if kind == "from":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise ServiceError("InvalidNextTokenException", "The next token is not valid")
