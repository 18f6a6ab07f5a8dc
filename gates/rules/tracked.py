"""What is made here is not committed: a committed `.venv` would be the tools of the next build."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from gates.delivery import GENERATED, Delivery
from gates.registry import rule

_COMPILED: Final = {".pyc", ".pyo", ".pth", ".egg-link"}


@rule(
    "TAP-602",
    why="it would be taken for what was installed or built here, and nobody reads it",
    fix="remove it from the repository (git rm -r --cached); installers and builds make it anew",
)
def nothing_made_is_committed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """By name, whatever .gitignore says. Where there is no git, as in a build, nothing is known."""
    found: dict[str, int] = {}
    for name in tracked(delivery.checkout):
        path = PurePosixPath(name)
        if made := [part for part in path.parts if part in GENERATED]:
            where = name[: name.index(made[0]) + len(made[0])]
        elif path.suffix in _COMPILED:
            where = name
        else:
            continue
        found[where] = found.get(where, 0) + 1
    yield from ((where, f"{count} committed") for where, count in found.items())


def tracked(checkout: Path) -> list[str]:
    """What git would commit; nothing where there is no repository."""
    if not (checkout / ".git").exists():
        return []
    command = ["git", "ls-files", "--cached", "-z"]
    listed = subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name]
