"""The rules as the hook gets them: one file, with the accounts of cdk.json written in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from settings import Settings

RULES: Final = Path(__file__).parent / "rules" / "prod.guard"
_GATES_RULES: Final = "gates/tools/tap.guard"
_WRITTEN: Final = Path(".build/guardrail-rules")


def rules(checkout: Path, settings: Settings) -> str:
    """The gates' rules, then those of the guarded environment, for these accounts."""
    text = (checkout / _GATES_RULES).read_text() + RULES.read_text()
    for placeholder, value in {
        "TOOLS_ACCOUNT": settings.tools_account,
        "GUARDED_ACCOUNT": settings.guarded.account,
        "GUARDED_NAME": settings.guarded.name,
    }.items():
        text = text.replace(placeholder, value)
    return text


def write_rules(checkout: Path, settings: Settings) -> Path:
    """Writes them below the checkout's .build, and says where."""
    path = checkout / _WRITTEN / RULES.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rules(checkout, settings))
    return path
