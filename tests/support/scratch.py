"""A second checkout of the working tree, to be edited, that shares the installed tools."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.application_templates import REPOSITORY

TOOLS = (".venv", "node_modules")


def scratch_checkout(folder: Path) -> Path:
    """Every file that git has or would take, as it stands in the working tree, in `folder`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = REPOSITORY / name
        # A file that was deleted and not yet committed is listed all the same.
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for name in TOOLS:
        (folder / name).symlink_to(REPOSITORY / name)
    return folder
