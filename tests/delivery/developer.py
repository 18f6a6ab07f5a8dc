"""A developer at work: a copy of the repository, and a rehearsal that is up."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_aws.server import Server
from ops.records import Execution, PendingApproval
from rehearsal import CHECKOUT
from rehearsal.accounts import Directory
from rehearsal.follow import Follower
from rehearsal.lifecycle import operated
from rehearsal.progress import Progress
from rehearsal.remote import Remote

INSTALLED = (".venv", ".venv-emulator", "node_modules")


@dataclass
class Checkout:
    """A copy of the repository in a folder of its own, and the root of its rehearsals."""

    worktree: Path
    root: Path

    def start_over(self) -> None:
        """Undo every edit."""
        git(self.worktree, "reset", "--quiet", "--hard", "base")
        git(self.worktree, "clean", "--quiet", "--force", "-d")

    def rehearsal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the rehearsal's command line in the copy, as on a developer's machine."""
        command = ["bash", "scripts/rehearsal", "--root", str(self.root), *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        return subprocess.run(
            command,
            cwd=self.worktree,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def summary(self) -> Any:
        """What the last `scripts/rehearsal run` left."""
        return json.loads((self.root / "last" / "summary.json").read_text())


class Developer(Checkout):
    """Edits, pushes and asks; `shown` is what a person would have seen of the pushes."""

    def __init__(self, server: Server, worktree: Path) -> None:
        super().__init__(worktree, server.root)
        self.server = server
        self.pipeline = operated(server)
        self.shown = io.StringIO()

    def push(
        self, edit: Callable[[Path], object], on_approval: Callable[[PendingApproval], object]
    ) -> Execution:
        """Commit an edit of a fresh copy, push it, follow it to its end."""
        self.start_over()
        edit(self.worktree)
        git(self.worktree, "commit", "--quiet", "--all", "--allow-empty", "--message", "An edit")
        commit = git(self.worktree, "rev-parse", "HEAD")
        Remote(self.server.root).push(self.worktree, commit)
        follower = Follower(self.pipeline, Progress(self.shown), on_approval)
        return follower.follow(commit, since=frozenset())

    def status_of(self, execution: Execution) -> dict[str, str]:
        """`Stage/Action` -> status, in the order in which they started."""
        runs = self.pipeline.action_runs(execution.id)
        return {run.label: run.status for run in runs}

    def code_in(self, environment: str) -> str:
        """The hash of the code that an environment's function runs."""
        functions = Directory(self.server).session(environment).client("lambda")
        function = functions.get_function(FunctionName=f"tap-{environment}-processor")
        return str(function["Configuration"]["CodeSha256"])

    def aws(self, *arguments: str) -> Any:
        """Run the real AWS CLI as the operator; what it answered."""
        credentials = Directory(self.server).operator()
        command = [str(CHECKOUT / ".venv" / "bin" / "aws"), *arguments, "--output", "json"]
        environment = {"PATH": os.defpath, "HOME": str(self.server.root)}
        printed = subprocess.run(
            command,
            env=environment | self.server.environment(credentials),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return json.loads(printed or "{}")


def git(folder: Path, *arguments: str) -> str:
    """Run git as a developer; what it printed."""
    author = ("-c", "user.name=A Developer", "-c", "user.email=developer@example.com")
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def copy_of_the_repository(folder: Path) -> Path:
    """The working tree as a repository of its own, with what is installed linked into it.

    None of its files is executable, as in a source's archive that does not keep modes.
    """
    folder.mkdir()
    ours = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    for name in filter(None, git(CHECKOUT, *ours).split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Everything")
    git(folder, "tag", "base")
    exclude = folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("\n".join(INSTALLED))
    for name in INSTALLED:
        (folder / name).symlink_to(CHECKOUT / name)
    return folder


def change(name: str, old: str, new: str) -> Callable[[Path], object]:
    """An edit that replaces `old`, which must be there, in one file."""

    def edit(worktree: Path) -> None:
        text = (worktree / name).read_text()
        assert old in text, f"{name} no longer holds {old!r}: adapt this test"
        (worktree / name).write_text(text.replace(old, new, 1))

    return edit


def accept(worktree: Path) -> None:
    """What every change of a reviewed file needs: write them anew."""
    command = ["bash", str(worktree / "scripts" / "accept")]
    done = subprocess.run(command, cwd=worktree, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
