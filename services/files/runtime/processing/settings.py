"""What a processor is told by its environment, read once when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.common.runtime.variables import positive, required


@dataclass(frozen=True, kw_only=True)
class ProcessorSettings:
    """environment: such as "dev". max_bytes: of an upload. scratch: a folder on the local disk.

    max_attempts: how often Lambda runs the function for one event: once and its retries.
    """

    environment: str
    uploads_bucket: str
    results_bucket: str
    catalogue_table: str
    max_bytes: int
    max_attempts: int
    scratch: Path

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Self:
        """From ENVIRONMENT, UPLOADS_BUCKET, RESULTS_BUCKET, CATALOGUE_TABLE, MAX_FILE_BYTES,
        MAX_ATTEMPTS and TMPDIR, where Lambda's local disk is meant when that is not set.
        """
        return cls(
            environment=required(variables, "ENVIRONMENT"),
            uploads_bucket=required(variables, "UPLOADS_BUCKET"),
            results_bucket=required(variables, "RESULTS_BUCKET"),
            catalogue_table=required(variables, "CATALOGUE_TABLE"),
            max_bytes=positive(variables, "MAX_FILE_BYTES"),
            max_attempts=positive(variables, "MAX_ATTEMPTS"),
            scratch=Path(variables.get("TMPDIR") or "/tmp") / "files",  # noqa: S108
        )
