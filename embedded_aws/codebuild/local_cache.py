"""The local custom cache of a project: folders that one build leaves for the next.

User guide, "Local caching": with LOCAL_CUSTOM_CACHE the folders named in the buildspec's
`cache.paths` are there again in the next build on the same host, only folders can be cached, links
lead to them, and what the source brings under such a name takes its place. So a build writes into
the cache as it goes, whatever becomes of the build, and one that removes the link and makes a
folder of that name keeps nothing: as at AWS.

A host runs one build at a time. Of two builds of a project at once, each has a host of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from embedded_aws.codebuild.record import BuildspecError

_EVERYTHING_BELOW = "/**/*"


class LocalCache:
    """What a project's builds keep in `store`, as one of its builds has it."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._held = contextlib.ExitStack()

    def link(self, source: Path, paths: Iterable[str]) -> list[str]:
        """Links what `paths` name into the build's primary source; the names of the folders.

        The links lead into `store`, and to folders that no other build has until `release`.
        """
        names = [_folder(path) for path in paths]
        if not names:
            return []
        host = self._held.enter_context(_a_free_host(self._store))
        linked = []
        for name in names:
            kept = host / hashlib.sha256(name.encode()).hexdigest()[:16]
            kept.mkdir(exist_ok=True)
            if not (source / name).exists():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).symlink_to(kept)
                linked.append(name)
        return linked

    def release(self) -> None:
        """Lets the project's next build have the folders."""
        self._held.close()


@contextlib.contextmanager
def _a_free_host(store: Path) -> Iterator[Path]:
    """The first host on which no build of the project runs; its folder in the store."""
    for number in count(1):
        host = store / f"host-{number}"
        host.mkdir(parents=True, exist_ok=True)
        with (store / f"host-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield host
            return


def _folder(path: str) -> str:
    """The folder that a path of `cache.paths` names: `folder/**/*`."""
    name = path.removesuffix(_EVERYTHING_BELOW)
    if name == path or any(part in ("", "..") for part in name.split("/")) or "*" in name:
        raise BuildspecError(f"cache.paths: expected folder{_EVERYTHING_BELOW}, got {path!r}")
    return name
