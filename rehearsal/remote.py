"""The bare repository that stands in for the git provider, and pushing to it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from embedded_aws.connections.played import Connection
from rehearsal.errors import RehearsalError

REPOSITORY = Path(__file__).resolve().parents[1]
PYTHON = REPOSITORY / ".venv-emulator" / "bin" / "python"
HOOK = REPOSITORY / "embedded_aws" / "connections" / "hook.py"


class RemoteError(RehearsalError):
    """Git could not make the remote, or refused a push; the text is git's own."""


class Remote:
    """`<root>/remote.git`. Its hook tells the server of this root about every push."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.path = self.root / "remote.git"

    def create(self, connection: Connection) -> None:
        """Makes it anew and empty: what an earlier server had been told is gone with it.

        It stands behind `connection`, whose branch is the one that a clone would check out.
        """
        connection.write(self.root)
        shutil.rmtree(self.path, ignore_errors=True)
        _git("init", "--quiet", "--bare", f"--initial-branch={connection.branch}", str(self.path))
        hooks = self.path / "hooks"
        for key, value in {
            # The developer's own core.hooksPath must not take the place of our hook.
            "core.hooksPath": str(hooks),
            "receive.shallowUpdate": "true",
            "receive.autogc": "false",
        }.items():
            _git(f"--git-dir={self.path}", "config", key, value)
        hooks.mkdir(exist_ok=True)
        hook = hooks / "post-receive"
        command = shlex.join([str(PYTHON), "-I", str(HOOK), str(self.root)])
        hook.write_text(f"#!/bin/sh\nexec {command}\n")
        hook.chmod(0o755)

    def add_to(self, worktree: Path, name: str = "rehearsal") -> None:
        """Lets `git push <name>` in `worktree` reach this remote, wherever it pointed before."""
        remotes = _git("-C", str(worktree), "remote").split()
        verb = "set-url" if name in remotes else "add"
        _git("-C", str(worktree), "remote", verb, name, str(self.path))
        # What `up` pushed may hold uncommitted changes: the next commit does not descend from it.
        refspec = "+HEAD:refs/heads/main"
        _git("-C", str(worktree), "config", f"remote.{name}.push", refspec)

    def remove_from(self, worktree: Path, name: str = "rehearsal") -> None:
        """Takes the remote out of `worktree` again, if it is this one."""
        if not (worktree / ".git").exists():
            return
        listed = _git("-C", str(worktree), "remote", "--verbose").splitlines()
        if any(line.split()[:2] == [name, str(self.path)] for line in listed):
            _git("-C", str(worktree), "remote", "remove", name)

    def push(
        self,
        worktree: Path,
        commit: str,
        branch: str = "main",
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Makes `branch` point to `commit` of `worktree`; what git and the hook said.

        `environment` names where the commit's objects are, when the repository does not have them
        (`Snapshot.environment`). The developer's own hooks do not run.
        """
        return _git(
            *("-C", str(worktree), "push", "--no-verify", "--force", "--quiet"),
            *(str(self.path), f"{commit}:refs/heads/{branch}"),
            environment=environment,
        )


def _without_git(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("GIT_")}


def _git(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Runs git; its standard output and error together."""
    done = subprocess.run(
        ["git", *arguments],
        # A caller may be a git hook itself: what git told it is not about this folder.
        env={**_without_git(os.environ), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RemoteError(done.stdout.strip())
    return done.stdout
