"""The working tree as a commit, with real git.

Proves what is in the snapshot, and that the repository does not notice: index, branches, stash and
objects are compared before and after.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from embedded_aws.connections.played import Connection
from rehearsal import snapshot
from rehearsal.errors import GitError
from rehearsal.remote import Remote
from rehearsal.snapshot import SnapshotError

CONNECTION = Connection("arn:aws:codeconnections:us-west-2:111111111111:connection/x", "o/r")


class Repository:
    """A git repository of the test's own, with nobody's settings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Dev")
        self.git("config", "user.email", "dev@example.com")

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def write(self, name: str, text: str = "text") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a commit")
        return self.git("rev-parse", "HEAD")

    def files(self, taken: snapshot.Snapshot) -> list[str]:
        listed = self.git(
            "ls-tree", "-r", "-z", "--name-only", taken.commit, environment=taken.environment
        )
        return [name for name in listed.split("\0") if name]

    def condition(self) -> tuple[object, ...]:
        """Everything that a snapshot must not change."""
        folder = self.path / ".git"
        index = folder / "index"
        return (
            index.read_bytes() if index.exists() else None,
            sorted(p for p in folder.rglob("*") if p.is_file()),
            self.git("for-each-ref"),
            self.git("--no-optional-locks", "status", "--porcelain"),
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path / "worktree")


def test_a_clean_tree_is_head_itself(repository: Repository, tmp_path: Path) -> None:
    repository.write("a.txt")
    head = repository.commit()
    assert snapshot.take(repository.path, tmp_path / "s") == snapshot.Snapshot(head, clean=True)


def test_uncommitted_staged_untracked_and_deleted_are_in_it_and_ignored_is_not(
    repository: Repository, tmp_path: Path
) -> None:
    for name in ("changed", "deleted", "same"):
        repository.write(name)
    repository.write(".gitignore", "ignored\n")
    head = repository.commit()
    repository.write("changed", "new text")
    repository.write("staged")
    repository.git("add", "staged")
    repository.write("folder/untracked")
    repository.write("ignored")
    (repository.path / "deleted").unlink()
    before = repository.condition()
    taken = snapshot.take(repository.path / "folder", tmp_path / "s")
    assert repository.condition() == before
    assert not taken.clean
    assert repository.files(taken) == [
        ".gitignore",
        "changed",
        "folder/untracked",
        "same",
        "staged",
    ]
    shown = repository.git("show", f"{taken.commit}:changed", environment=taken.environment)
    assert shown == "new text"
    parent = repository.git("rev-parse", f"{taken.commit}^", environment=taken.environment)
    assert parent == head


def test_a_stash_and_its_objects_stay(repository: Repository, tmp_path: Path) -> None:
    repository.write("a")
    repository.commit()
    repository.write("a", "stashed")
    repository.git("stash")
    repository.write("a", "now")
    before = repository.condition()
    snapshot.take(repository.path, tmp_path / "s")
    assert repository.condition() == before
    assert "WIP on main" in repository.git("stash", "list")


def test_a_repository_without_a_commit_is_taken_too(repository: Repository, tmp_path: Path) -> None:
    repository.write("a")
    before = repository.condition()
    taken = snapshot.take(repository.path, tmp_path / "s")
    assert repository.files(taken) == ["a"]
    assert repository.condition() == before


def test_odd_names_executable_bits_and_links_are_kept(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("a")
    repository.commit()
    odd = 'sp ace "quoted"\tü\n:line'
    repository.write(odd)
    repository.write("run").chmod(0o755)
    (repository.path / "link").symlink_to("a")
    taken = snapshot.take(repository.path, tmp_path / "s")
    assert odd in repository.files(taken)
    modes = repository.git("ls-tree", taken.commit, "run", "link", environment=taken.environment)
    assert modes.startswith("120000")
    assert "\n100755" in modes


def test_a_submodule_stays_a_submodule(repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    other.write("inside")
    other.commit()
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "sub"
    )
    repository.commit()
    repository.write("a")
    taken = snapshot.take(repository.path, tmp_path / "s")
    entry = repository.git("ls-tree", taken.commit, "sub", environment=taken.environment)
    assert entry.startswith("160000 commit")


def test_the_developers_hooks_do_not_run(repository: Repository, tmp_path: Path) -> None:
    repository.write("a")
    repository.commit()
    for name in ("post-index-change", "pre-push", "reference-transaction"):
        hook = repository.write(f".git/hooks/{name}", f"#!/bin/sh\ntouch '{tmp_path}/{name}'\n")
        hook.chmod(0o755)
    repository.write("b")
    taken = snapshot.take(repository.path, tmp_path / "s")
    remote = Remote(tmp_path / "root")
    remote.create(CONNECTION)
    remote.push(repository.path, taken.commit, environment=taken.environment)
    assert not (tmp_path / "post-index-change").exists()
    assert not (tmp_path / "pre-push").exists()


def test_a_snapshot_can_be_pushed_and_another_one_over_it(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("a")
    repository.commit()
    remote = Remote(tmp_path / "root")
    remote.create(CONNECTION)
    for text in ("one", "two"):
        repository.write("a", text)
        taken = snapshot.take(repository.path, tmp_path / text)
        before = repository.condition()
        said = remote.push(repository.path, taken.commit, environment=taken.environment)
        assert repository.condition() == before
        assert "No embedded AWS runs" in said
        assert repository.git(f"--git-dir={remote.path}", "show", "main:a") == text


def test_the_developers_own_hooks_path_does_not_replace_ours(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {tmp_path}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    repository.write("a")
    commit = repository.commit()
    remote = Remote(tmp_path / "root")
    remote.create(CONNECTION)
    assert "No embedded AWS runs" in remote.push(repository.path, commit)


def test_a_folder_without_git_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="git init"):
        snapshot.take(tmp_path, tmp_path / "s")


def test_a_repository_without_files_says_so(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="nothing to push"):
        snapshot.take(repository.path, tmp_path / "s")


def test_a_push_that_git_refuses_says_why(repository: Repository, tmp_path: Path) -> None:
    remote = Remote(tmp_path / "root")
    remote.create(CONNECTION)
    with pytest.raises(GitError, match=r"does not match any|not a valid|bad object|missing"):
        remote.push(repository.path, "0123456789012345678901234567890123456789")
