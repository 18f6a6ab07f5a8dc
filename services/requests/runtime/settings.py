"""What the functions are told by their environment, read once when they start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


class SettingsError(Exception):
    """A variable is missing or malformed; the text names it and what was expected."""


STANDARD, EXPRESS = "STANDARD", "EXPRESS"


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where things are. environment: "dev" or "prod". workflow_type: STANDARD or EXPRESS."""

    environment: str
    bucket: str
    table: str
    state_machine_arn: str
    workflow_type: str = STANDARD

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Self:
        """From ENVIRONMENT, BUCKET_NAME, TABLE_NAME, STATE_MACHINE_ARN and WORKFLOW_TYPE."""
        return cls(**cls._members(variables))

    @classmethod
    def _members(cls, variables: Mapping[str, str]) -> dict[str, Any]:
        return {
            "environment": _required(variables, "ENVIRONMENT"),
            "bucket": _required(variables, "BUCKET_NAME"),
            "table": _required(variables, "TABLE_NAME"),
            "state_machine_arn": _required(variables, "STATE_MACHINE_ARN"),
            "workflow_type": _one_of(variables, "WORKFLOW_TYPE", (STANDARD, EXPRESS)),
        }


@dataclass(frozen=True, kw_only=True)
class Settings(StoreSettings):
    """Of the API's function. max_body_bytes: of a POST. cors_origins: may read answers.

    They come from MAX_BODY_BYTES and CORS_ORIGINS (separated by spaces).
    """

    max_body_bytes: int
    cors_origins: frozenset[str]

    @classmethod
    def _members(cls, variables: Mapping[str, str]) -> dict[str, Any]:
        return super()._members(variables) | {
            "max_body_bytes": _positive(variables, "MAX_BODY_BYTES"),
            "cors_origins": frozenset(variables.get("CORS_ORIGINS", "").split()),
        }


def _required(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name)
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _positive(variables: Mapping[str, str], name: str) -> int:
    value = _required(variables, name)
    if not value.isdecimal() or int(value) == 0:
        raise SettingsError(f"{name} is {value!r}; expected a positive whole number")
    return int(value)


def _one_of(variables: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """The first of `allowed` when the variable is missing."""
    value = variables.get(name, allowed[0])
    if value not in allowed:
        raise SettingsError(f"{name} is {value!r}; expected one of {', '.join(allowed)}")
    return value
