"""What a function is made from, whether its asset is a folder or an archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assembly import archives

# As many assets as an assembly of ours has functions, twice.
_READ = 32


@dataclass(frozen=True)
class Code:
    """Files by their names in it, as `services/requests/runtime/handler.py`, sorted.

    read: the content of one of them.
    """

    names: tuple[str, ...]
    read: Callable[[str], bytes]

    def within(self, folder: str) -> tuple[str, ...]:
        """The names below a folder."""
        return tuple(name for name in self.names if name.startswith(f"{folder}/"))


def code(path: Path) -> Code | None:
    """What a folder holds, or an archive of our form; None for any other file, or none.

    An archive in another form is a file whose content nobody can tell (assembly/archives.py).
    """
    if path.is_dir():
        files = (each for each in path.rglob("*") if each.is_file())
        names = sorted(each.relative_to(path).as_posix() for each in files)
        return Code(tuple(names), lambda name: (path / name).read_bytes())
    if not path.is_file():
        return None
    made = path.stat()
    # Templates of every stage name the same archive, each by a path from its own folder.
    return _archived(path.resolve(), made.st_mtime_ns, made.st_size)


@lru_cache(_READ)
def _archived(path: Path, _changed: int, _size: int) -> Code | None:
    files = archives.unpacked(path)
    return None if files is None else Code(tuple(sorted(files)), files.__getitem__)
