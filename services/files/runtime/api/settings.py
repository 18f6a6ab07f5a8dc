"""What the API's function is told by its environment, read once when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from services.common.runtime.variables import positive, required
from services.files.runtime.catalogue.kinds import Kind


@dataclass(frozen=True, kw_only=True)
class Settings:
    """environment: such as "dev". commit: of what is deployed. max_bytes: of files, by kind.

    validity: of forms and links. cors_origins: pages that may read answers.
    """

    environment: str
    commit: str
    uploads_bucket: str
    results_bucket: str
    catalogue_table: str
    max_bytes: Mapping[Kind, int]
    validity: timedelta
    cors_origins: frozenset[str]

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Self:
        """From ENVIRONMENT, COMMIT, UPLOADS_BUCKET, RESULTS_BUCKET, CATALOGUE_TABLE,
        MAX_IMAGE_BYTES, MAX_TABLE_BYTES, LINK_MINUTES and CORS_ORIGINS (separated by spaces; may
        be absent).
        Raises SettingsError.
        """
        return cls(
            environment=required(variables, "ENVIRONMENT"),
            commit=required(variables, "COMMIT"),
            uploads_bucket=required(variables, "UPLOADS_BUCKET"),
            results_bucket=required(variables, "RESULTS_BUCKET"),
            catalogue_table=required(variables, "CATALOGUE_TABLE"),
            max_bytes={
                Kind.IMAGE: positive(variables, "MAX_IMAGE_BYTES"),
                Kind.TABLE: positive(variables, "MAX_TABLE_BYTES"),
            },
            validity=timedelta(minutes=positive(variables, "LINK_MINUTES")),
            cors_origins=frozenset(variables.get("CORS_ORIGINS", "").split()),
        )
