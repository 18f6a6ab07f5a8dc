"""A bound on what one file may be made into, so that none fills the local disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from services.files.runtime.rejection import RejectedError

RESULTS_TOO_LARGE = "results-too-large"


@dataclass
class Budget:
    """Bytes that all results of a file may take together."""

    max_bytes: int
    spent: int = 0

    def spend(self, size: int) -> None:
        """Raises RejectedError once the budget is overspent."""
        self.spent += size
        if self.spent > self.max_bytes:
            raise RejectedError(
                RESULTS_TOO_LARGE, f"Its results take more than {self.max_bytes} bytes"
            )


@dataclass(frozen=True)
class BudgetedFile:
    """A file opened for writing, whose bytes count."""

    file: BinaryIO
    budget: Budget

    def write(self, data: bytes, /) -> int:
        self.budget.spend(len(data))
        return self.file.write(data)
