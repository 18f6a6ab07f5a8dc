"""Whether a server's builds are kept from the files and processes of the machine, and how.

The server finds out once, when it starts, and writes it into its root, where whoever judges a run
reads it. Only the standard library is used: both interpreters import this.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Isolation:
    """`by`: the program that isolates builds and its version; empty when none does: then `reason`
    says why not, and what to do about it."""

    by: str = ""
    reason: str = ""

    @classmethod
    def of(cls, root: Path) -> Isolation:
        """What the newest server of this root found out."""
        try:
            return cls(**json.loads(_path(root).read_text()))
        except FileNotFoundError:
            return cls(reason="no server that runs builds was started here")

    def __str__(self) -> str:
        return f"isolated by {self.by}" if self.by else f"not isolated: {self.reason}"

    def write(self, root: Path) -> None:
        """Puts it into the root."""
        _path(root).write_text(json.dumps(asdict(self)))


def _path(root: Path) -> Path:
    return root / "isolation.json"
