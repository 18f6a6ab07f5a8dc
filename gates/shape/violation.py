"""What a rule reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """`where` names a stage, action, project, role or template as people know it."""

    where: str
    why: str
    fix: str
