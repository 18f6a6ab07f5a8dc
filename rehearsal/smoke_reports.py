"""The page and the JUnit file that a smoke build wrote, kept beside the summary.

They are taken from the build's folder, for a build that failed has no output artifact. What a build
leaves there may be anything: a link that it made must not have a file of this machine copied to
where reports are read and passed on.
"""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

KINDS = {"html": "html", "junit": "xml"}
"""Kind -> how the name of its file, `smoke.…`, ends."""


def keep(build: Path, target: str, last: Path) -> dict[str, str]:
    """Copies them from a build's folder to `last`, as the target's; kind -> the copy's path."""
    kept: dict[str, str] = {}
    for kind, suffix in KINDS.items():
        for written in build.glob(f"**/reports/smoke.{suffix}"):
            if _is_its_own(written, build):
                copy = last / f"smoke-{target}.{suffix}"
                shutil.copyfile(written, copy, follow_symlinks=False)
                kept[kind] = str(copy)
    return kept


def _is_its_own(path: Path, build: Path) -> bool:
    """A file, no link, pipe or device; and no link on the way to it."""
    is_file = stat.S_ISREG(path.lstat().st_mode)
    return is_file and path.resolve() == build.resolve() / path.relative_to(build)
