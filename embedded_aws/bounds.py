"""What a server keeps on the disk only to be faster the next time, bounded: the oldest goes first.

Caches are bounded when a server starts, builds when one of them ends, other roots' builds (see
`outside`) when a server starts: never what a running server may use.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from embedded_aws import outside

_KIBIBYTE = 1024
_GIBIBYTE = 1024**3
_lock = threading.Lock()
_PATIENTLY = ("nice", "-n", "19")


@dataclass(frozen=True)
class Bound:
    """At most so many folders, and so many bytes on the disk."""

    count: int
    size: int


BUILDS = Bound(10, 2 * _GIBIBYTE)
CACHES = Bound(60, 4 * _GIBIBYTE)
"""A pipeline with two projects that keep a CDK each has 3 GB: with less, none finds its own."""
REST = Bound(200, _GIBIBYTE)
"""Of temporary files, and of the tools' home."""
PLACES = Bound(8, 8 * _GIBIBYTE)


def beyond(folders: Iterable[Path], bound: Bound) -> list[Path]:
    """Those of the folders that are to go, oldest last use first. The newest one stays."""
    newest_first = sorted(folders, key=_used, reverse=True)
    sizes = _sizes(newest_first)
    total, gone = 0, []
    for number, folder in enumerate(newest_first):
        total += sizes.get(folder, 0)
        if number > 0 and (number >= bound.count or total > bound.size):
            gone.append(folder)
    return gone[::-1]


def use(folder: Path) -> None:
    """Makes a cache folder, or says that it is used now, so that `tidy` leaves it."""
    with _lock:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)


def tidy(root: Path, caches: Bound = CACHES, places: Bound = PLACES) -> None:
    """Bounds what servers before this one kept, in a root that this one has for itself.

    A cache that is a link is somebody else's.
    """
    started = time.time()
    kept = [(list((root / name).glob("*")), REST) for name in ("tmp", "home")]
    if not (root / "cache").is_symlink():
        kept.append((_caches(root / "cache"), caches))
    for folders, bound in kept:
        for folder in beyond(folders, bound):
            _remove(folder, unless_used_since=started)
    here = outside.elsewhere(root / "builds")
    if here is not None:
        use(here)
        idle = [place for place in here.parent.iterdir() if outside.is_idle(place)]
        orphans = [place for place in idle if outside.is_orphan(place)]
        for folder in [*orphans, *beyond([here, *idle], places)]:
            if folder != here:
                _remove(folder, unless_used_since=started)


def tidy_later(root: Path) -> None:
    """The same beside whatever else the server does: looking at many files takes a while."""
    threading.Thread(target=tidy, args=(root,), daemon=True, name="tidy").start()


def _caches(cache: Path) -> list[Path]:
    """Those of projects, see `codebuild.local_cache`; and whatever releases before this one had."""
    of_projects = [path for path in cache.glob("projects/*/*/*") if path.name != "locks"]
    others = [path for path in cache.glob("*") if path.name != "projects"]
    return [path for path in [*of_projects, *others] if path.is_dir() and not path.is_symlink()]


def _remove(folder: Path, *, unless_used_since: float) -> None:
    """Away at once, whatever it takes to remove the files."""
    away = folder.with_name(f".removed-{folder.name}")
    with _lock:
        if not folder.exists() or _used(folder) >= unless_used_since:
            return
        folder.rename(away)
    erase([away])


def erase(paths: Iterable[Path]) -> None:
    """Removes files and folders with all that is in them, as far as it may, and waits for that.

    By a process of its own that lets others go first: one build leaves a thousand files, and this
    process has requests to answer.
    """
    if named := [str(path) for path in paths]:
        command = [*_PATIENTLY, "rm", "-rf", "--", *named]
        subprocess.run(command, capture_output=True, check=False)


def _used(folder: Path) -> float:
    try:
        return folder.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _sizes(folders: list[Path]) -> dict[Path, int]:
    """Bytes on the disk of each, by a process of its own: this one has requests to answer."""
    if not folders:
        return {}
    command = [*_PATIENTLY, "du", "-sk", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = (line.split("\t", 1) for line in done.stdout.splitlines())
    return {Path(path): int(kibibytes) * _KIBIBYTE for kibibytes, path in rows}
