"""How a fake service refuses: an AWS error code with its HTTP status."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """The service's answer is an error. fields: modelled members beside code and message."""

    def __init__(self, code: str, status: int, fields: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.fields = fields or {}
