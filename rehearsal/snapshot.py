"""The working tree as a commit, without leaving a trace in the repository.

Uncommitted and untracked files are included, ignored ones are not. The developer's index, branches,
stash and object store stay as they are: a copy of the index is used, and new objects go to a folder
of their own that has the repository's as alternates.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.errors import GitError
from rehearsal.git import git

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@localhost",
    "GIT_COMMITTER_NAME": "Rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@localhost",
}
MESSAGE = "Working tree, uncommitted changes included"

# Neither the developer's hooks nor a file monitor may notice that the tree is read.
_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")


class SnapshotError(GitError):
    """The folder cannot be read as a git working tree; the text says what to do."""


@dataclass(frozen=True)
class Snapshot:
    """A commit. `environment` lets git find its objects; `clean` says that it is HEAD itself."""

    commit: str
    clean: bool
    environment: Mapping[str, str] = field(default_factory=dict)


def take(worktree: Path, scratch: Path) -> Snapshot:
    """The state of the working tree that `worktree` is in; `scratch` is a folder to fill.

    Raises `SnapshotError` where there is no git repository, or nothing in it.
    """
    if shutil.which("git") is None:
        raise SnapshotError("git is missing: install it from https://git-scm.com/downloads")
    top = _top(worktree)
    head = _head(top)
    if head and not _quietly(
        top, "--no-optional-locks", "status", "--porcelain", "--untracked-files=normal"
    ):
        return Snapshot(head, clean=True)
    environment = _prepared(top, scratch)
    return commit_all(top, environment, head)


def commit_all(top: Path, environment: Mapping[str, str], head: str | None = None) -> Snapshot:
    """All files below `top`, in the index and with the objects that `environment` names, as a
    commit on `head`; that itself if it holds the same.

    Raises `SnapshotError` where there is nothing to push.
    """
    _quietly(top, "add", "--all", environment=environment)
    tree = _quietly(top, "write-tree", environment=environment)
    if head and tree == _quietly(top, "rev-parse", f"{head}^{{tree}}"):
        return Snapshot(head, clean=True)
    if tree == _quietly(top, "hash-object", "-t", "tree", os.devnull):
        raise SnapshotError(f"{top} holds no files that git would keep: there is nothing to push")
    parents = ["-p", head] if head else []
    commit = _quietly(
        top, "commit-tree", tree, *parents, "-m", MESSAGE, environment={**environment, **_AUTHOR}
    )
    objects = {k: v for k, v in environment.items() if k != "GIT_INDEX_FILE"}
    return Snapshot(commit, clean=False, environment=objects)


def _top(worktree: Path) -> Path:
    try:
        return Path(_quietly(worktree, "rev-parse", "--show-toplevel"))
    except GitError as error:
        raise SnapshotError(
            f"{worktree} is no git working tree: run `git init` there first ({error})"
        ) from error


def _head(top: Path) -> str | None:
    """The commit that is checked out; None before the first one."""
    try:
        return _quietly(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitError:
        return None


def _prepared(top: Path, scratch: Path) -> dict[str, str]:
    """A copy of the index (so that unchanged files need not be read) and a place for objects."""
    objects = scratch / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    index = scratch / "index"
    index.unlink(missing_ok=True)
    real = top / _quietly(top, "rev-parse", "--git-path", "index")
    if real.exists():
        shutil.copyfile(real, index)
    return {
        "GIT_INDEX_FILE": str(index.resolve()),
        "GIT_OBJECT_DIRECTORY": str(objects.resolve()),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(
            (top / _quietly(top, "rev-parse", "--git-path", "objects")).resolve()
        ),
    }


def _quoted(path: Path) -> str:
    """As git reads the variable: a path with a colon in it must stand in quotation marks."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _quietly(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    return git(*_QUIET, *arguments, folder=folder, environment=environment)
