"""An archive of our form says one thing to whoever reads it; one of any other form says nothing.

Proves: packing gives the same bytes of the same files wherever and whenever, and they can be read
back; whatever could be read in two ways, or not at all, is no archive of that form.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from assembly import archives
from assembly.code import code

HANDLER = "services/x/runtime/handler.py"
FILES = {"a-1.0.dist-info/METADATA": b"Name: a\n", HANDLER: b"pass\n", "z.so": bytes(range(256))}


def tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    archives.pack(tree(tmp_path / "tree", FILES), tmp_path / "code.zip")
    return tmp_path / "code.zip"


def test_equal_files_are_packed_into_equal_bytes(archive: Path, tmp_path: Path) -> None:
    other = tree(tmp_path / "other/place", dict(reversed(FILES.items())))
    (other / HANDLER).chmod(0o755)
    os.utime(other / "z.so", (0, 0))
    (other / "empty").mkdir()
    archives.pack(other, tmp_path / "other.zip")
    assert (tmp_path / "other.zip").read_bytes() == archive.read_bytes()


def test_what_is_packed_can_be_read(archive: Path) -> None:
    assert archives.unpacked(archive) == FILES
    packed, folder = code(archive), code(archive.parent / "tree")
    assert packed is not None
    assert folder is not None
    assert packed.names == folder.names == tuple(sorted(FILES))
    assert packed.read(HANDLER) == folder.read(HANDLER) == b"pass\n"
    assert packed.within("services") == (HANDLER,)


def test_an_archive_is_never_overwritten(archive: Path) -> None:
    with pytest.raises(FileExistsError):
        archives.pack(archive.parent / "tree", archive)


def written(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """What Python writes by itself, with the time of now among it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        for name, content in entries:
            made.writestr(name, content)
    return target.getvalue()


def renamed(old: str, new: str) -> Callable[[bytes], bytes]:
    """Every name in the archive, or as many as `replace` finds."""
    return lambda given: given.replace(old.encode(), new.encode())


OTHERS: dict[str, Callable[[bytes], bytes]] = {
    "bytes before it": lambda given: b"#!/bin/sh\n" + given,
    "bytes after it": lambda given: given + b"more",
    "a name in the directory that its entry does not have": lambda given: (
        given[: given.rindex(b"z.so")] + b"y.so" + given[given.rindex(b"z.so") + 4 :]
    ),
    "an entry with other bytes than it says": renamed("pass\n", "fail\n"),
    "times": lambda _: written(*FILES.items()),
    "compressed": lambda _: written(*FILES.items(), compression=zipfile.ZIP_DEFLATED),
    "a name twice": lambda _: written((HANDLER, b"pass"), (HANDLER, b"import os")),
    "names that lead away": renamed("services/x", "../../../x"),
    "an absolute name": renamed("services/", "/ervices/"),
    "no archive": lambda _: b"code",
    "nothing": lambda _: b"",
    "half of one": lambda given: given[: len(given) // 2],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_an_archive_of_another_form_is_one_that_nobody_can_tell(
    archive: Path, other: Callable[[bytes], bytes]
) -> None:
    changed = other(archive.read_bytes())
    assert changed != archive.read_bytes()
    archive.write_bytes(changed)
    assert archives.unpacked(archive) is None
    assert code(archive) is None


def test_what_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert code(tmp_path / "missing") is None
