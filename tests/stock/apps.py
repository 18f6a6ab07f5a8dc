"""The two apps of this folder, each as a repository of somebody's, and the commands they type."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_aws.clients import Session
from embedded_aws.server import Server
from rehearsal import CHECKOUT
from rehearsal.accounts import Directory

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Rehearsed:
    """An app's folder, and the root of its rehearsal."""

    app: Path
    root: Path

    def rehearsal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line about the app."""
        command = ["scripts/rehearsal", "--root", str(self.root), "--app", str(self.app)]
        # In CI, a run would start from nothing and refuse what is up.
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        return subprocess.run(
            [*command, *arguments],
            cwd=CHECKOUT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def summary(self) -> Any:
        """What the last run left."""
        return json.loads((self.root / "last" / "summary.json").read_text())

    def session(self, account: str, region: str | None = None) -> Session:
        """An account's administrator, in the pipeline's region unless told."""
        return Directory(Server.attach(self.root)).session(account, region)

    def functions(self, account: str, region: str | None = None) -> dict[str, str]:
        """The hash of the code by the name of each function in an account."""
        listed = self.session(account, region).client("lambda").list_functions()["Functions"]
        return {each["FunctionName"]: each["CodeSha256"] for each in listed}

    def head(self) -> str:
        """The commit that is checked out."""
        command = ["git", "-C", str(self.app), "rev-parse", "HEAD"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def contents(self) -> dict[str, str]:
        """What is in the app's folder, git's files included: a hash, or where a link leads."""
        return {
            str(path.relative_to(self.app)): _content(path)
            for path in sorted(self.app.rglob("*"))
            if path.is_symlink() or path.is_file()
        }


@contextmanager
def rehearsed(name: str, folder: Path, installed: Path) -> Iterator[Rehearsed]:
    """A copy of the app as its own repository, with what is installed linked into it; whatever is
    up of it is taken down afterwards."""
    app = shutil.copytree(HERE / name, folder / name)
    (app / installed.name).symlink_to(installed)
    commit(app)
    root = folder / "root"
    cache = CHECKOUT / ".rehearsal" / "cache"
    for each in (root, cache):
        each.mkdir(parents=True, exist_ok=True)
    (root / "cache").symlink_to(cache)
    made = Rehearsed(app, root)
    try:
        yield made
    finally:
        made.rehearsal("down")


def commit(app: Path) -> None:
    """Everything in the folder as a commit."""
    author = ("-c", "user.name=A Developer", "-c", "user.email=developer@example.com")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*author, "commit", "--quiet", "--message", "An app"),
    ):
        subprocess.run(["git", "-C", str(app), *arguments], check=True)


def node_modules() -> Path:
    """Of the TypeScript app, installed once for every copy, as its lock file says."""
    lock = (HERE / "typescript_app" / "package-lock.json").read_bytes()
    folder = CHECKOUT / ".build" / "stock" / hashlib.sha256(lock).hexdigest()[:16]
    modules = folder / "node_modules"
    if not (modules / ".package-lock.json").exists():  # npm writes it last
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(HERE / "typescript_app" / name, folder / name)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return modules


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest()
