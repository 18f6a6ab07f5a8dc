"""What the function is told by its environment, read once when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class SettingsError(Exception):
    """A variable is missing or malformed; the text names it and what was expected."""


@dataclass(frozen=True)
class Settings:
    """environment: "dev" or "prod". max_body_bytes: of a POST. cors_origins: may read answers."""

    environment: str
    bucket: str
    table: str
    state_machine_arn: str
    max_body_bytes: int
    cors_origins: frozenset[str]

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Settings:
        """From ENVIRONMENT, BUCKET_NAME, TABLE_NAME, STATE_MACHINE_ARN, MAX_BODY_BYTES and
        CORS_ORIGINS (separated by spaces)."""
        return cls(
            environment=_required(variables, "ENVIRONMENT"),
            bucket=_required(variables, "BUCKET_NAME"),
            table=_required(variables, "TABLE_NAME"),
            state_machine_arn=_required(variables, "STATE_MACHINE_ARN"),
            max_body_bytes=_positive(variables, "MAX_BODY_BYTES"),
            cors_origins=frozenset(variables.get("CORS_ORIGINS", "").split()),
        )


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
