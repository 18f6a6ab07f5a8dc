"""Where the rehearsals of other apps write: a folder for each, apart from ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from embedded_aws import outside

_APPS = "apps"


def root_of(app: Path, ours: Path) -> Path:
    """The root for the app in this folder, always the same one. ours: the root of our own."""
    folder = app.resolve()
    distinct = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    return ours / _APPS / f"{folder.name}-{distinct}"


def roots_below(ours: Path) -> Iterator[Path]:
    """The roots that there are."""
    yield from sorted(path for path in (ours / _APPS).glob("*") if path.is_dir())


def place_for_copy(root: Path) -> Path:
    """Where git, node and npm find nothing that is not the app's, however far up they look."""
    folder = root.resolve() / "source"
    outside.prepare(folder)
    return folder.resolve() / "tree"
