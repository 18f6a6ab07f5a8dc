"""The local custom cache of a project: folders that one build leaves for the next.

User guide, "Local caching": with LOCAL_CUSTOM_CACHE the folders named in the buildspec's
`cache.paths` are there again in the next build on the same host, only folders can be cached, links
lead to them, and what the source brings under such a name takes its place. So a build writes into
the cache as it goes, whatever becomes of the build, and one that removes the link and makes a
folder of that name keeps nothing: as at AWS. Folders are those of the source, and of HOME, which
is always /root (CodeArtifact user guide, "Dependency caching").

A host runs one build at a time. Of two builds of a project at once, each has a host of its own, and
sees no other. The locks are not in a host's folder: a build may put anything there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import IO

from embedded_aws.codebuild import folders

HOME = f"{folders.HOME}/"
_EVERYTHING_BELOW = "/**/*"


class LocalCache:
    """What a project's builds keep in `store`, as one of its builds has it."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._held = contextlib.ExitStack()

    def enter(self, place: Path) -> Path:
        """Moves what a host keeps to `place`, which is not there yet, until `release`.

        The folder where it is: on another file system it stays where it was, and is that host's.
        """
        return self._held.enter_context(_a_free_host(self._store, place))

    def link(
        self, host: Path, seen: Path, roots: Mapping[str, Path], paths: Iterable[str]
    ) -> list[str]:
        """Links what `paths` name into the build's folders; a line for the log on each.

        roots: the folders by what paths in them begin with, `HOME` or nothing, longest first. The
        links lead into `host`, which `enter` gave, as the build sees it. A path that cannot be kept
        fails nothing: no build may rely on what its host has.
        """
        return [_link(host, seen, roots, path) for path in paths]

    def release(self) -> None:
        """Lets the project's next build have what is kept."""
        self._held.close()


@contextlib.contextmanager
def _a_free_host(store: Path, place: Path) -> Iterator[Path]:
    """The first host on which no build of the project runs."""
    locks = store / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        with (locks / str(number)).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            host = store / f"host-{number}"
            _fetch(host, _left_by(lock))
            with _moved(host, place) as there:
                lock.truncate(0)
                lock.write(str(there))
                lock.flush()
                yield there
            return


def _left_by(lock: IO[str]) -> Path:
    """Where the last build that held the lock had the host's folder; its server may have died."""
    lock.seek(0)
    return Path(lock.read() or os.devnull)


def _fetch(host: Path, left: Path) -> None:
    """The host's folder, from where a dead server's build had it, or a new one."""
    if not _is_own(host):
        if _is_own(left):
            left.rename(host)
        else:
            host.unlink(missing_ok=True)
            host.mkdir()


@contextlib.contextmanager
def _moved(host: Path, place: Path) -> Iterator[Path]:
    try:
        host.rename(place)
    except OSError:  # another file system
        yield host
        return
    try:
        yield place
    finally:
        if _is_own(place):
            names = [path.name for path in place.iterdir() if path.is_dir()]
            place.rename(host)
            os.utime(host)
            for name in names:  # what links lead to, for whoever looks into the build
                (place / name).mkdir(parents=True)


def _is_own(folder: Path) -> bool:
    """A folder, and none that a build made a link of."""
    return folder.is_dir() and not folder.is_symlink()


def _link(host: Path, seen: Path, roots: Mapping[str, Path], path: str) -> str:
    start = next(start for start in roots if path.startswith(start))
    name = path.removeprefix(start).removesuffix(_EVERYTHING_BELOW)
    if not path.endswith(_EVERYTHING_BELOW) or not _is_folder(name):
        return (
            f"cache/paths: {path} is not kept, it is no folder{_EVERYTHING_BELOW} "
            f"of the source or of {HOME}"
        )
    kept = hashlib.sha256(f"{start}{name}".encode()).hexdigest()[:16]
    (host / kept).mkdir(exist_ok=True)
    place = roots[start] / name
    # The source may lead elsewhere by a link of its own, or bring the folder itself.
    if place.resolve() != roots[start].resolve() / name or place.exists():
        return f"cache/paths: {path} is not kept, there is something else"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(seen / kept)
    return f"Linked {start}{name} to the project's local cache"


def _is_folder(name: str) -> bool:
    return "*" not in name and not any(part in ("", "..") for part in name.split("/"))
