"""The local custom cache of a project: folders that one build leaves for the next.

User guide, caching-local: with LOCAL_CUSTOM_CACHE the folders named in the buildspec's
`cache.paths` are there again in the next build on the same host, and only folders can be cached.
CodeBuild links them into the build; here they are moved, which on one file system takes no time
either, so that a build that fails or is stopped leaves nothing half-written behind: its folders
are not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from embedded_aws.codebuild.record import BuildspecError

_EVERYTHING_BELOW = "/**/*"


class LocalCache:
    """What a project's builds keep in `store`; `source` is the primary source of one build."""

    def __init__(self, store: Path, source: Path, paths: Iterable[str]) -> None:
        self._store = store
        self._source = source
        self._folders = {_folder(path): source / _folder(path) for path in paths}

    def restore(self) -> list[str]:
        """Moves what is kept into the build; the names of the folders that were there."""
        restored = []
        for name, folder in self._folders.items():
            if not folder.exists() and _move(self._kept(name), folder):
                restored.append(name)
        return restored

    def keep(self) -> None:
        """Moves the folders out of a build that succeeded, in place of what was kept.

        Raises `OSError`; what was kept before is still there then.
        """
        for name, folder in self._folders.items():
            # A build may have made a link to elsewhere of a folder above it: that is not its own.
            if folder.resolve() == self._source.resolve() / name:
                _move(folder, self._kept(name))

    def _kept(self, name: str) -> Path:
        return self._store / hashlib.sha256(name.encode()).hexdigest()[:16]


def _move(folder: Path, target: Path) -> bool:
    """Puts `folder` in place of `target`; False when there is no `folder`.

    Between file systems a move is a copy and a removal, and both can end half-way. So either end
    is a rename: whoever looks finds a folder that is whole, or none.
    """
    if not folder.is_dir():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(folder) as leaving, _beside(target) as arriving:
        try:
            folder.rename(leaving / "whole")
        except FileNotFoundError:
            return False  # another build of the project was quicker
        shutil.move(leaving / "whole", arriving / "whole")
        if target.exists():
            target.rename(arriving / "replaced")
        (arriving / "whole").rename(target)
    return True


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder on the target's own file system, gone afterwards with all that is in it."""
    temporary = Path(tempfile.mkdtemp(prefix=".moving-", dir=target.parent))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _folder(path: str) -> str:
    """The folder that a path of `cache.paths` names: `folder/**/*`."""
    name = path.removesuffix(_EVERYTHING_BELOW)
    if name == path or any(part in ("", "..") for part in name.split("/")) or "*" in name:
        raise BuildspecError(f"cache.paths: expected folder{_EVERYTHING_BELOW}, got {path!r}")
    return name
