"""The bare repository behind the source that is played, read with git."""

from __future__ import annotations

import io
import stat
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from embedded_aws import registry

NOTHING = "0" * 40
"""What git calls a ref that does not exist, before or after a push."""


class RepositoryError(Exception):
    """Git could not do it; the text is its own last line."""


@dataclass(frozen=True)
class Commit:
    """A commit: its dates are ISO 8601, `message` is the whole of it."""

    id: str
    author_date: str
    committer_date: str
    message: str


def path() -> Path:
    """The bare repository of this server."""
    return registry.running().root / "remote.git"


def commit(reference: str) -> Commit:
    """The commit that a ref or an id names."""
    # Whoever may start a pipeline says which: nothing that they say is an option of git's.
    named = ("--end-of-options", f"{reference}^{{commit}}", "--")
    found = _git("log", "-1", "--format=%H%n%aI%n%cI%n%B", *named).decode()
    identifier, author_date, committer_date, message = found.split("\n", 3)
    return Commit(identifier, author_date, committer_date, message.strip())


def archive(commit_id: str) -> bytes:
    """A zip of the commit's files, executable bits kept, without history.

    A symbolic link becomes a text file that holds where it led, as in the artifacts that AWS makes
    of a commit (CDK, `CodePipelineSource.connection`, codeBuildCloneOutput).
    """
    return _without_links(_git("archive", "--format=zip", "-1", commit_id))


def _without_links(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        entries = source.infolist()
        if not any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
            return content
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for entry in entries:
                text = source.read(entry)
                if stat.S_ISLNK(entry.external_attr >> 16):
                    entry.external_attr = (stat.S_IFREG | 0o644) << 16
                target.writestr(entry, text)
    return made.getvalue()


def changed_files(old: str, new: str) -> tuple[str, ...]:
    """The paths that differ between two commits; every path of `new` when there was no old one."""
    if old == NOTHING:
        listed = _git("ls-tree", "-r", "-z", "--name-only", new)
    else:
        listed = _git("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
    return tuple(name for name in listed.decode(errors="surrogateescape").split("\0") if name)


def _git(*arguments: str) -> bytes:
    done = subprocess.run(
        ["git", f"--git-dir={path()}", *arguments], capture_output=True, check=False
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise RepositoryError(lines[0] if lines else f"git {arguments[0]} failed")
    return done.stdout
