"""The services' API descriptions, as files: OpenAPI 3.1, made from the code that answers.

Usage: python -m stages.openapi   (writes docs/openapi/<service>.json for every service)
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

from services.common.packaging import openapi
from stages.services import NAMES

FOLDER: Final = Path(__file__).parents[1] / "docs" / "openapi"


def descriptions() -> dict[str, str]:
    """The content of every file of `FOLDER`, by the file's name."""
    return {
        f"{name}.json": openapi.as_text(import_module(f"services.{name}.openapi").document())
        for name in NAMES
    }


def write(folder: Path = FOLDER) -> None:
    """Makes `folder` hold the descriptions, and none of a service that is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = descriptions()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
    sys.stdout.write("".join(f"docs/openapi/{name}\n" for name in descriptions()))
