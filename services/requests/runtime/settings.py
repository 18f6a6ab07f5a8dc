"""What the functions are told by their environment, read once when they start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from services.common.runtime.variables import one_of, positive, required

STANDARD, EXPRESS = "STANDARD", "EXPRESS"


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where things are. environment: such as "dev". workflow_type: STANDARD or EXPRESS."""

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
            "environment": required(variables, "ENVIRONMENT"),
            "bucket": required(variables, "BUCKET_NAME"),
            "table": required(variables, "TABLE_NAME"),
            "state_machine_arn": required(variables, "STATE_MACHINE_ARN"),
            "workflow_type": one_of(variables, "WORKFLOW_TYPE", (STANDARD, EXPRESS)),
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
            "max_body_bytes": positive(variables, "MAX_BODY_BYTES"),
            "cors_origins": frozenset(variables.get("CORS_ORIGINS", "").split()),
        }
