"""Proves that an earlier commit is checked out beside the working tree, which stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import earlier
from rehearsal.errors import EarlierError
from rehearsal.git import git


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    folder = tmp_path / "worktree"
    git("init", "--quiet", str(folder))
    for text in ("old", "new"):
        (folder / "file").write_text(text)
        git("add", "file", folder=folder)
        author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        git(*author, "commit", "--quiet", "--message", text, folder=folder)
    (folder / "file").write_text("not committed")
    (folder / "node_modules").mkdir()
    return folder


def test_an_earlier_commit_stands_beside_with_what_is_installed(worktree: Path) -> None:
    before = git("status", "--porcelain", folder=worktree), git("branch", "-a", folder=worktree)
    commit = earlier.resolve(worktree, "HEAD~1")

    for _ in range(2):  # made anew where there is one
        made = earlier.checkout(worktree, commit, worktree.parent / "earlier")

    assert (made / "file").read_text() == "old"
    assert (made / "node_modules").resolve() == worktree / "node_modules"
    assert (worktree / "file").read_text() == "not committed"
    assert before == (
        git("status", "--porcelain", folder=worktree),
        git("branch", "-a", folder=worktree),
    )


@pytest.mark.parametrize("revision", ["nothing", "--all", "HEAD:file", ""])
def test_what_is_no_commit_is_said_to_be_none(worktree: Path, revision: str) -> None:
    with pytest.raises(EarlierError, match="--from takes a branch, a tag or a commit"):
        earlier.resolve(worktree, revision)
