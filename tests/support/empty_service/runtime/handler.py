"""Answers the one route."""

from __future__ import annotations

from typing import Any

from services.common.runtime.http import Call, Response, json_response
from services.common.runtime.router import Router


def _status(_call: Call) -> Response:
    return json_response(200, {"status": "up"})


_router = Router({"GET /": _status}, origins=frozenset())


def handler(event: dict[str, Any], _context: object) -> Response:
    """Entry point that Lambda calls."""
    return _router.handle(event)
