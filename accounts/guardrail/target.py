"""Which accounts have a guardrail, and by which rules: the guarded environment's, and tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from settings import Settings

TOOLS: Final = "tools"
_RULES: Final = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Target:
    """One account. name: "tools", or "prod" for the guarded environment whatever it is called."""

    name: str
    account: str

    @classmethod
    def of(cls, settings: Settings, name: str = "") -> Self:
        """The account of that name, of the guarded environment unless told.

        Raises ValueError for another environment than the guarded one.
        """
        guarded = settings.guarded
        if name == TOOLS:
            return cls(TOOLS, settings.tools_account)
        if name not in ("", guarded.name):
            raise ValueError(f"no guardrail for {name}: there are {TOOLS} and {guarded.name}")
        return cls("prod", guarded.account)

    @property
    def rules(self) -> Path:
        """The file of the account's own rules."""
        return _RULES / f"{self.name}.guard"

    @property
    def hook(self) -> str:
        """The alias of its hook."""
        return f"Tap::Guardrail::{self.name.capitalize()}"
