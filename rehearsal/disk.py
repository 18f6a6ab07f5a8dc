"""What a rehearsal keeps on the disk only to be faster the next time, and its removal."""

from __future__ import annotations

import shutil
from pathlib import Path

from embedded_aws import outside

_MEBIBYTE = 1024 * 1024

REMOVABLE = {
    "cache": "package caches of the builds",
    "builds": "folders of the last builds, with their logs",
    "home": "package caches of the tools",
    "source": "a copy of the app",
    "tmp": "temporary files",
    "kept": "accounts and the last rehearsal that passed: the next one starts from nothing",
    "earlier": "the checkout of a commit to update from",
}
"""Folders of a root that nothing needs while no rehearsal is up, and what is in them."""


def free(root: Path) -> list[str]:
    """Removes them, but for a link of somebody's own; a line for each says what that freed."""
    said = []
    for name, content in REMOVABLE.items():
        folder = root / name
        held = outside.elsewhere(folder) or folder
        if held.is_dir() and not held.is_symlink():
            said.append(f"{_size(held) / _MEBIBYTE:6.0f} MB  {folder}: {content}")
            shutil.rmtree(held)
            if held != folder:
                folder.unlink()
    return said


def _size(folder: Path) -> int:
    """Bytes on the disk; a file with several names counts once."""
    seen = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())
