"""The local custom cache of a project: folders that one build leaves for the next.

User guide, caching-local: with LOCAL_CUSTOM_CACHE the folders named in the buildspec's
`cache.paths` are there again in the next build on the same host, and only folders can be cached.
CodeBuild links them into the build; here they are moved, which takes no time either, so that a
build that fails or is stopped leaves nothing half-written behind: its folders are not kept.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from .errors import BuildspecError

_EVERYTHING_BELOW = "/**/*"


class LocalCache:
    """What a project's builds keep in `store`; `source` is the primary source of one build."""

    def __init__(self, store: Path, source: Path, paths: Iterable[str]) -> None:
        self._store = store
        self._folders = {_folder(path): source / _folder(path) for path in paths}

    def restore(self) -> list[str]:
        """Moves what is kept into the build; the names of the folders that were there."""
        restored = []
        for name, folder in self._folders.items():
            kept = self._kept(name)
            if kept.exists() and not folder.exists():
                folder.parent.mkdir(parents=True, exist_ok=True)
                kept.rename(folder)
                restored.append(name)
        return restored

    def keep(self) -> None:
        """Moves the folders out of a build that succeeded, in place of what was kept."""
        self._store.mkdir(parents=True, exist_ok=True)
        for name, folder in self._folders.items():
            if folder.is_dir():
                shutil.rmtree(self._kept(name), ignore_errors=True)
                folder.rename(self._kept(name))

    def _kept(self, name: str) -> Path:
        return self._store / hashlib.sha256(name.encode()).hexdigest()[:16]


def _folder(path: str) -> str:
    """The folder that a path of `cache.paths` names: `folder/**/*`."""
    name = path.removesuffix(_EVERYTHING_BELOW)
    if name == path or any(part in ("", "..") for part in name.split("/")) or "*" in name:
        raise BuildspecError(f"cache.paths: expected folder{_EVERYTHING_BELOW}, got {path!r}")
    return name
