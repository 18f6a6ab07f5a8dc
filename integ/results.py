"""What a run found: the facts that the report shows and that decide the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from integ.client import Answer
from integ.settings import Settings

Outcome = Literal["passed", "failed", "not run"]


@dataclass(frozen=True)
class Check:
    name: str
    sentence: str
    """Plain English, with the case in question where there are several."""
    outcome: Outcome
    seconds: float
    answers: tuple[Answer, ...]
    failure: str
    """Why it failed or could not run; empty when it passed."""


@dataclass
class Run:
    settings: Settings | None
    """None when they could not be read."""
    environment: str = ""
    """Its name, as far as it is known; also where other settings could not be read."""
    settings_problem: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    finished: bool = False
    left_out: int = 0
    """Checks that whoever started the run chose not to run."""
    problems: list[str] = field(default_factory=list)
    """What went wrong outside of any check: collection, an internal error, an interruption."""
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Zero checks are never a pass, and neither is a check that did not run."""
        sound = self.finished and not self.problems and not self.settings_problem
        return sound and bool(self.checks) and all(c.outcome == "passed" for c in self.checks)

    def count(self, outcome: Outcome) -> int:
        return sum(check.outcome == outcome for check in self.checks)
