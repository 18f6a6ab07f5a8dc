"""Reading a request's members, with the ValidationException that AWS answers to wrong ones."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from embedded_aws.codepipeline.errors import CodePipelineError


class Request:
    """The JSON object of a request."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def text(self, name: str, default: str | None = None) -> str:
        """A string member; required unless there is a default."""
        value = self._members.get(name, default)
        if not isinstance(value, str):
            raise _invalid(name, value, "Member must not be null" if value is None else "a string")
        return value

    def integer(self, name: str, default: int) -> int:
        """A number member."""
        value = self._members.get(name, default)
        if not isinstance(value, int):
            raise _invalid(name, value, "Member must be an integer")
        return value

    def flag(self, name: str) -> bool:
        """A boolean member; False when it is absent."""
        return self._members.get(name) is True

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of a fixed set of strings."""
        value = self.text(name)
        if value not in choices:
            expected = f"Member must satisfy enum value set: [{', '.join(choices)}]"
            raise _invalid(name, value, expected)
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        """An object member; empty when it is absent."""
        value = self._members.get(name) or {}
        if not isinstance(value, Mapping):
            raise _invalid(name, value, "Member must be an object")
        return value

    def rows(self, name: str) -> Sequence[Mapping[str, str]]:
        """A list of objects; empty when it is absent."""
        value = self._members.get(name) or []
        if not isinstance(value, list):
            raise _invalid(name, value, "Member must be a list")
        return value

    def page(self, name: str, rows: Sequence[Mapping[str, Any]], most: int) -> dict[str, Any]:
        """`rows` from this request's `nextToken` on, as many as it wants, under `name`."""
        start = self._start()
        size = self.integer("maxResults", most)
        if not 1 <= size <= most:
            raise _invalid("maxResults", size, f"Member must be between 1 and {most}")
        answer: dict[str, Any] = {name: list(rows[start : start + size])}
        if start + size < len(rows):
            answer["nextToken"] = base64.b64encode(f"from:{start + size}".encode()).decode()
        return answer

    def _start(self) -> int:
        token = self._members.get("nextToken")
        if token is None:
            return 0
        try:
            kind, _, number = base64.b64decode(token, validate=True).decode().partition(":")
            if kind == "from":
                return int(number)
        except (ValueError, TypeError, binascii.Error):
            pass
        raise CodePipelineError("InvalidNextTokenException", "The next token is not valid")


def _invalid(name: str, value: object, expected: str) -> CodePipelineError:
    return CodePipelineError(
        "ValidationException",
        f"1 validation error detected: Value {value!r} at '{name}' failed to satisfy "
        f"constraint: {expected}",
    )
