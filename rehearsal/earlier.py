"""An earlier commit of a project, as a checkout of its own to deliver first."""

from __future__ import annotations

import shutil
from pathlib import Path

from rehearsal.errors import EarlierError, GitError
from rehearsal.git import git

INSTALLED = (".venv", ".venv-emulator", "node_modules")


def resolve(folder: Path, revision: str) -> str:
    """The commit that a revision of the working tree's repository names. Raises `EarlierError`."""
    name = f"{revision}^{{commit}}"
    try:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", name, folder=folder)
    except GitError as error:
        raise EarlierError(
            f"{folder} has no commit {revision!r}: --from takes a branch, a tag or a commit"
        ) from error


def checkout(folder: Path, commit: str, into: Path) -> Path:
    """`commit` of the repository of `folder`, in `into`, which is made anew.

    What is installed in `folder` is linked there: it serves the synth that a person would make;
    the pipeline's builds install what the commit itself locks. The repository is not touched.
    """
    shutil.rmtree(into, ignore_errors=True)
    git("clone", "--quiet", "--shared", "--no-checkout", str(folder.resolve()), str(into))
    git("checkout", "--quiet", "--detach", commit, folder=into)
    for name in INSTALLED:
        if (folder / name).exists() and not (into / name).exists():
            (into / name).symlink_to((folder / name).resolve())
    return into
