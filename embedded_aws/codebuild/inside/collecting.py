"""Which files of a build an artifact or a report takes, and the archive of them.

User guide: build-spec-ref (artifacts, reports).
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class FileSet:
    """Which files to take: globs below `base_directory` (itself a path or a glob).

    Both are shell text: variables in them have the values of the build's end. `symlinks`: links
    stay links; else they are left out.
    """

    files: tuple[str, ...]
    base_directory: str = ""
    exclude_paths: tuple[str, ...] = ()
    discard_paths: bool = False
    symlinks: bool = False


def matching(root: Path, wanted: FileSet) -> dict[str, Path]:
    """Name in the archive -> file, for what `wanted` takes below `root`; sorted by name.

    `*` stays within one folder, `**` crosses folders. A base directory may be an absolute path.
    A symbolic link is taken as a link, or left out where `wanted` does not ask for links.
    """
    found = {
        name: path
        for base in _bases(root, wanted.base_directory)
        for name, path in _files(base)
        if _any(wanted.files, name) and not _any(wanted.exclude_paths, name)
        if (wanted.symlinks and path.is_symlink()) or _is_plain(path)
    }
    if wanted.discard_paths:
        found = {PurePosixPath(name).name: path for name, path in found.items()}
    return dict(sorted(found.items()))


def _is_plain(path: Path) -> bool:
    """A file; not a link, and no socket or pipe, whose reading would not end."""
    return stat.S_ISREG(path.lstat().st_mode)


def _bases(root: Path, pattern: str) -> list[Path]:
    top = Path("/") if pattern.startswith("/") else root
    below = pattern.strip("/").removeprefix("./")
    if below in ("", "."):
        return [top]
    return [path for path in sorted(top.glob(below)) if path.is_dir()]


def _files(base: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(base):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*names, *links]:
            path = Path(folder, name)
            yield path.relative_to(base).as_posix(), path


def _any(patterns: Iterable[str], name: str) -> bool:
    return any(_expression(pattern).fullmatch(name) for pattern in patterns)


def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    for part in pattern.removeprefix("./").strip("/").split("/"):
        parts.append("(?:.*/)?" if part == "**" else _segment(part) + "/")
    text = "".join(parts)
    # A pattern that ends in `**` takes every file below; any other ends in a file's name.
    return re.compile(text + ".*" if pattern.endswith("**") else text.removesuffix("/"), re.DOTALL)


def _segment(part: str) -> str:
    translated = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z")
    return translated.replace(".*", "[^/]*")


def pack(files: dict[str, Path], archive: Path) -> None:
    """Writes a zip with each file's mode; links stay links. Equal files make equal bytes.

    Not compressed: it is read on this machine, several times.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as output:
        for name, path in files.items():
            mode = path.lstat().st_mode
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix: without it no reader looks at the mode
            info.external_attr = mode << 16
            is_link = stat.S_ISLNK(mode)
            output.writestr(info, os.readlink(path).encode() if is_link else path.read_bytes())
