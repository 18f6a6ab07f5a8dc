"""What happened in the repository between the version that runs and the release, from git.

Messages and authors are what strangers wrote: they are kept as they are, and shown as text only.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Ends a field; git's own, NUL, ends a commit and can be in no message.
_FIELD: Final = "\x1f"
_PATIENCE_SECONDS: Final = 60


class UnknownHistoryError(Exception):
    """The repository does not have a commit that was asked for, or is none."""


@dataclass(frozen=True)
class Commit:
    """date: ISO 8601, when it was written, or pushed. message: all of it. author, url: "" where
    nobody says."""

    id: str
    author: str
    date: str
    message: str
    url: str = ""

    @property
    def subject(self) -> str:
        return self.message.strip().partition("\n")[0]


def between(repository: Path, old: str, new: str) -> list[Commit]:
    """What the new one has and the old one does not, newest first. Raises `UnknownHistoryError`."""
    fields = "%x1f".join(("%H", "%an", "%aI", "%B"))
    said = _git(repository, "log", "-z", f"--format={fields}", f"{_id(old)}..{_id(new)}")
    rows = (row.split(_FIELD, 3) for row in said.split("\0") if row)
    return [Commit(id_, author, date, message.strip()) for id_, author, date, message in rows]


def difference(repository: Path, old: str, new: str, path: str) -> str:
    """A unified difference of a file or folder; "" without one. Raises `UnknownHistoryError`."""
    plain = ("--no-color", "--no-ext-diff", "--no-textconv")
    return _git(repository, "diff", *plain, _id(old), _id(new), "--", path)


def _id(commit: str) -> str:
    """Nothing that git could take for an option or for another name."""
    if not _ID.fullmatch(commit):
        raise UnknownHistoryError(f"{commit!r} is no commit id")
    return commit


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=_PATIENCE_SECONDS, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    if done.returncode:
        why = done.stderr.strip().splitlines()
        raise UnknownHistoryError(why[0] if why else f"git {arguments[0]} failed")
    return done.stdout
