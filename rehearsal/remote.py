"""The bare repository that stands in for the git provider, and pushing to it."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from embedded_aws.connections import played
from embedded_aws.connections.played import Source
from embedded_aws.server import PYTHON
from rehearsal import CHECKOUT
from rehearsal.git import git

HOOK = CHECKOUT / "embedded_aws" / "connections" / "hook.py"


class Remote:
    """`<root>/remote.git`, behind the source that is played. Its hook tells the server of this root
    about every push."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.path = self.root / "remote.git"

    @property
    def branch(self) -> str:
        """The branch that its source was made for."""
        return played.read(self.root).branch

    def create(self, source: Source) -> None:
        """Makes it anew and empty: what an earlier server had been told is gone with it.

        It stands behind `source`, whose branch is the one that a clone would check out.
        """
        source.write(self.root)
        shutil.rmtree(self.path, ignore_errors=True)
        git("init", "--quiet", "--bare", f"--initial-branch={source.branch}", str(self.path))
        hooks = self.path / "hooks"
        for key, value in {
            # The developer's own core.hooksPath must not take the place of our hook.
            "core.hooksPath": str(hooks),
            "receive.shallowUpdate": "true",
            "receive.autogc": "false",
        }.items():
            git("config", key, value, folder=self.path)
        hooks.mkdir(exist_ok=True)
        hook = hooks / "post-receive"
        command = shlex.join([str(PYTHON), "-I", str(HOOK), str(self.root)])
        hook.write_text(f"#!/bin/sh\nexec {command}\n")
        hook.chmod(0o755)

    def add_to(self, worktree: Path, name: str = "rehearsal") -> None:
        """Lets `git push <name>` in `worktree` reach this remote, wherever it pointed before."""
        verb = "set-url" if name in git("remote", folder=worktree).split() else "add"
        git("remote", verb, name, str(self.path), folder=worktree)
        # What `up` pushed may hold uncommitted changes: the next commit does not descend from it.
        git("config", f"remote.{name}.push", f"+HEAD:refs/heads/{self.branch}", folder=worktree)

    def remove_from(self, worktree: Path, name: str = "rehearsal") -> None:
        """Takes the remote out of `worktree` again, if it is this one."""
        if not (worktree / ".git").exists():
            return
        listed = git("remote", "--verbose", folder=worktree).splitlines()
        if any(line.split()[:2] == [name, str(self.path)] for line in listed):
            git("remote", "remove", name, folder=worktree)

    def push(
        self, worktree: Path, commit: str, environment: Mapping[str, str] | None = None
    ) -> str:
        """Makes the branch point to `commit` of `worktree`; what git and the hook said.

        `environment` names where the commit's objects are, when the repository does not have them
        (`Snapshot.environment`). The developer's own hooks do not run.
        """
        return git(
            *("push", "--no-verify", "--force", "--quiet"),
            *(str(self.path), f"{commit}:refs/heads/{self.branch}"),
            folder=worktree,
            environment=environment,
            messages=True,
        )
