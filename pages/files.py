"""Files that people and programs read while others write them."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Writes `path` in one step: a reader never sees half of it. Makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
