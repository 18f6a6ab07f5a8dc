"""The app's folder as the pipeline's source would deliver it: a commit, and a copy of its files.

At AWS a connection delivers a whole repository, so that of a folder inside one is what is pushed.
A folder in no repository is the whole of one. Submodules stay empty: a connection's CODE_ZIP has
none (CodePipeline user guide, "CodeStarSourceConnection": Git submodules are not supported).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal import snapshot
from rehearsal.errors import GitError, UnusableAppError
from rehearsal.git import git
from rehearsal.snapshot import Snapshot

_LINKED = ("node_modules", ".venv", "venv", ".env")
_LEFT = (".git", "__pycache__", "cdk.out")
_SUBMODULE = "160000 "


@dataclass(frozen=True)
class WorkingTree:
    """folder: the app's. top: its repository's, or the folder itself."""

    folder: Path
    top: Path
    in_repository: bool

    @classmethod
    def of(cls, folder: Path) -> WorkingTree:
        """Of an app's folder."""
        try:
            top = Path(git("rev-parse", "--show-toplevel", folder=folder))
        except GitError:
            return cls(folder.resolve(), folder.resolve(), in_repository=False)
        return cls(folder.resolve(), top.resolve(), in_repository=True)

    @property
    def within(self) -> Path:
        """Where the app is in what is pushed."""
        return self.folder.relative_to(self.top)

    def snapshot(self, scratch: Path) -> Snapshot:
        """As a commit; `scratch` is a folder to fill. Raises `SnapshotError`."""
        if self.in_repository:
            return snapshot.take(self.folder, scratch)
        repository = scratch / "alone.git"
        shutil.rmtree(repository, ignore_errors=True)
        git("init", "--quiet", "--bare", str(repository))
        # It has none of its own to say what is installed or made.
        (repository / "info" / "exclude").write_text("\n".join((*_LINKED, *_LEFT)) + "\n")
        about = {"GIT_DIR": str(repository.resolve()), "GIT_WORK_TREE": str(self.folder)}
        return snapshot.commit_all(self.folder, about)

    def copy(self, shot: Snapshot, folder: Path) -> None:
        """Writes the commit's files into `folder`, which holds nothing else afterwards."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        index = folder.with_name(f"{folder.name}.index")
        about = {**shot.environment, "GIT_INDEX_FILE": str(index.resolve())}
        quiet = ("-c", f"core.hooksPath={os.devnull}")
        git(*quiet, "read-tree", shot.commit, folder=self.top, environment=about)
        prefix = f"--prefix={folder.resolve()}/"
        git(*quiet, "checkout-index", "--all", prefix, folder=self.top, environment=about)
        index.unlink()

    def add_ignored(self, copy: Path) -> None:
        """Puts what git ignores of the folder into a copy of it, as people have it who synthesize:
        what is installed as links, what was built as copies, as far as it is not there. Sockets
        and pipes are left out: nobody builds from them. Raises `UnusableAppError` for what cannot
        be read."""
        for name in self._ignored():
            source, target = self.top / name, copy / name
            if source.name in _LEFT or target.exists() or not target.parent.is_dir():
                continue
            try:
                _add(source, target)
            except OSError as error:
                said = f"{source}, which git ignores, cannot be copied: {error}"
                raise UnusableAppError(said) from error

    def _ignored(self) -> Iterator[str]:
        """Relative to the top: folders that are ignored whole, files otherwise."""
        if not self.in_repository:
            yield from (name for name in _LINKED if (self.top / name).is_dir())
            return
        asked = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
        listed = git(*asked, folder=self.top).split("\0")
        yield from (name.rstrip("/") for name in listed if name)

    def notices(self, shot: Snapshot) -> list[str]:
        """What to know of what is pushed."""
        said = []
        if not self.in_repository:
            said.append(f"{self.folder} is in no git repository: all of it is pushed as one.")
        elif self.top != self.folder:
            said.append(
                f"{self.folder} is a folder of the repository {self.top}, and all of that is the "
                "pipeline's source, as at AWS. If the app is to be a repository of its own, "
                "rehearse a copy of its folder."
            )
        listed = git("ls-tree", "-r", shot.commit, folder=self.top, environment=shot.environment)
        modules = [
            line.partition("\t")[2] for line in listed.splitlines() if _SUBMODULE in line[:8]
        ]
        if modules:
            said.append(
                f"Submodules stay empty, as a connection delivers them: {', '.join(modules)}"
            )
        return said


def _add(source: Path, target: Path) -> None:
    if source.name in _LINKED and source.is_dir():
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=_special)
    elif not _special(str(source.parent), [source.name]):
        shutil.copy2(source, target, follow_symlinks=False)


def _special(folder: str, names: Iterable[str]) -> set[str]:
    """Those of the names that are no file, no folder and no link."""
    paths = [Path(folder, name) for name in names]
    return {p.name for p in paths if not (p.is_symlink() or p.is_file() or p.is_dir())}
