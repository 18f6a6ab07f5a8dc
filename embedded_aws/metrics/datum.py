"""One measurement on its way into CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STANDARD = 60
HIGH = 1
"""Resolutions in seconds: CloudWatch keeps no finer time than this ("Resolution")."""


@dataclass(frozen=True)
class Datum:
    """`timestamp`: seconds since the epoch. `unit`: one of CloudWatch's, such as "Count"."""

    namespace: str
    name: str
    value: float
    timestamp: float
    unit: str = "Count"
    dimensions: Mapping[str, str] = field(default_factory=dict)
    resolution: int = STANDARD

    @property
    def kept_at(self) -> float:
        """The beginning of the minute, or of the second, that it belongs to."""
        return self.timestamp // self.resolution * self.resolution
