"""A folder for builds that is outside of every repository, wherever the server's root is.

git, node and npx search for what they need in all folders above the one they run in. Below a
developer's checkout they would find that: a build would pass that fails at AWS, and one that tags a
commit would tag the developer's.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import tempfile
import time
from pathlib import Path

from embedded_aws.server_record import Record

_OURS = "embedded-aws"
_ORIGIN = ".origin"
_DAY = 86_400.0
_MARKS = (".git", "node_modules", "package.json")
"""What git, node and npm look for, upwards."""


def prepare(folder: Path) -> None:
    """Makes `folder`; a link to a folder of its own elsewhere if it would be in a repository.

    It stays the same one for the same path, in the user's cache or, failing that, in the system's
    temporary folder.
    """
    if folder.exists():
        if (place := elsewhere(folder)) is not None:
            (place / _ORIGIN).write_text(str(folder))
        if folder.is_symlink() or not repositories(folder):
            return
        folder.rename(folder.with_name(f"{folder.name}.inside"))  # of a server before this one
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.unlink(missing_ok=True)  # a link whose folder is gone
    if not repositories(folder):
        folder.mkdir()
        return
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    place = next(made for base in _bases() if (made := _made(base / _OURS / name)))
    (place / _ORIGIN).write_text(str(folder))
    folder.symlink_to(place)


def elsewhere(folder: Path) -> Path | None:
    """The folder that `prepare` made elsewhere and linked `folder` to, or None.

    Whoever removes `folder` removes that too; a link to anything else is somebody's own.
    """
    if not folder.is_symlink():
        return None
    target = folder.readlink()
    return target if target.is_dir() and target.parent.name == _OURS else None


def is_idle(place: Path) -> bool:
    """Whether no server uses this folder, which `prepare` made for some root.

    One that does not say for which was made by an earlier release: nobody's, after a day.
    """
    origin = _origin(place)
    if origin is None:
        return place.stat().st_mtime < time.time() - _DAY
    return Record.read(origin.parent) is None


def is_orphan(place: Path) -> bool:
    """Whether the root that this folder was made for leads to it no more."""
    origin = _origin(place)
    return origin is None or elsewhere(origin) != place


def _origin(place: Path) -> Path | None:
    try:
        return Path((place / _ORIGIN).read_text())
    except OSError:
        return None


def user_home() -> Path:
    """The home of whoever runs this. Not HOME: a server's is a folder of its root."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def repositories(folder: Path) -> list[Path]:
    """The folders above `folder`, nearest first, in which git, node or npm would find something."""
    return [above for above in folder.parents if any((above / mark).exists() for mark in _MARKS)]


def _bases() -> tuple[Path, ...]:
    return user_home() / ".cache", Path(tempfile.gettempdir()), Path("/tmp")  # noqa: S108


def _made(place: Path) -> Path | None:
    """The folder, if it can be made and is outside itself."""
    if repositories(place):
        return None
    try:
        place.mkdir(parents=True, mode=0o700, exist_ok=True)
    except OSError:
        return None
    return place
