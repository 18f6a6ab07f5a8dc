"""Proves what one build's local cache leaves for the next, also between two file systems.

The other file system is simulated: renames into and out of the store fail as they would there. That
a failed build keeps nothing is proved in `test_codebuild_builds`, with real builds.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from embedded_aws.codebuild.local_cache import LocalCache
from embedded_aws.codebuild.record import BuildspecError

PATHS = ("node_modules/**/*", "deep/cache/**/*")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store" / "111111111111" / "project"


def build(folder: Path, text: str) -> Path:
    """The source of a build that left files in both folders."""
    for name in ("node_modules", "deep/cache"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text(text)
        (folder / name / "link").symlink_to("file")
    return folder


@pytest.fixture
def other_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is on another file system than the builds."""
    rename, store = os.rename, tmp_path / "store"

    def between(source: os.PathLike[str], target: os.PathLike[str]) -> None:
        if Path(source).is_relative_to(store) != Path(target).is_relative_to(store):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", between)


def one_build_after_the_other(store: Path, tmp_path: Path) -> None:
    for text in ("first", "second"):
        LocalCache(store, build(tmp_path / text, text), PATHS).keep()
        after = tmp_path / f"after-{text}"
        assert LocalCache(store, after, PATHS).restore() == ["node_modules", "deep/cache"]
        assert (after / "node_modules" / "link").readlink() == Path("file")
        assert (after / "deep" / "cache" / "file").read_text() == text
        LocalCache(store, after, PATHS).keep()


def test_the_next_build_has_the_folders_of_the_last(store: Path, tmp_path: Path) -> None:
    one_build_after_the_other(store, tmp_path)


@pytest.mark.usefixtures("other_file_system")
def test_the_store_may_be_on_another_file_system(store: Path, tmp_path: Path) -> None:
    one_build_after_the_other(store, tmp_path)


def test_nobody_finds_a_folder_of_which_a_copy_failed(
    store: Path, tmp_path: Path, other_file_system: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del other_file_system
    LocalCache(store, build(tmp_path / "first", "first"), PATHS).keep()
    second = LocalCache(store, build(tmp_path / "second", "second"), PATHS)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(OSError, match="No space left"):
            second.keep()
        assert len(list(store.iterdir())) == len(PATHS)
        with pytest.raises(OSError, match="No space left"):
            LocalCache(store, tmp_path / "third", PATHS).restore()
    assert list((tmp_path / "third").iterdir()) == []
    fourth = LocalCache(store, tmp_path / "fourth", PATHS)
    assert fourth.restore() == ["deep/cache"]
    assert (tmp_path / "fourth" / "deep" / "cache" / "file").read_text() == "first"


def test_what_the_source_brings_itself_is_not_replaced(store: Path, tmp_path: Path) -> None:
    LocalCache(store, build(tmp_path / "first", "first"), PATHS).keep()
    second = build(tmp_path / "second", "second")
    assert LocalCache(store, second, PATHS).restore() == []
    assert (second / "node_modules" / "file").read_text() == "second"


def test_a_project_does_not_see_what_another_keeps(store: Path, tmp_path: Path) -> None:
    LocalCache(store, build(tmp_path / "first", "first"), PATHS).keep()
    other = store.with_name("other")
    assert LocalCache(other, tmp_path / "second", PATHS).restore() == []


@pytest.mark.parametrize(
    "path", ["file", "folder/*", "/etc/**/*", "../up/**/*", "a/../b/**/*", "*/**/*", "/**/*", ""]
)
def test_only_a_folder_of_the_source_can_be_named(store: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(BuildspecError) as refused:
        LocalCache(store, tmp_path, [path])
    assert repr(path) in refused.value.message
