"""Proves what one build's local cache leaves for the next, and for none that runs beside it.

With real builds, in `test_codebuild_builds`: that a failed build's writes stay, and that whoever
removes the link keeps nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from embedded_aws.codebuild.local_cache import LocalCache
from embedded_aws.codebuild.record import BuildspecError

PATHS = ("packages/**/*", "deep/cache/**/*")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store" / "111111111111" / "project"


def build(store: Path, source: Path) -> LocalCache:
    """A build that has begun."""
    source.mkdir(parents=True, exist_ok=True)
    cache = LocalCache(store)
    assert cache.link(source, PATHS) == ["packages", "deep/cache"]
    return cache


def test_the_next_build_has_the_folders_of_the_last(store: Path, tmp_path: Path) -> None:
    first = build(store, tmp_path / "first")
    (tmp_path / "first" / "packages" / "file").write_text("kept")
    (tmp_path / "first" / "deep" / "cache" / "file").write_text("deep")
    first.release()
    build(store, tmp_path / "second").release()
    assert (tmp_path / "second" / "packages" / "file").read_text() == "kept"
    assert (tmp_path / "second" / "deep" / "cache" / "file").read_text() == "deep"


def test_a_build_that_throws_the_link_away_keeps_nothing(store: Path, tmp_path: Path) -> None:
    first = build(store, tmp_path / "first")
    packages = tmp_path / "first" / "packages"
    assert packages.is_symlink()
    packages.unlink()
    packages.mkdir()
    (packages / "file").write_text("lost")
    first.release()
    build(store, tmp_path / "second").release()
    assert list((tmp_path / "second" / "packages").iterdir()) == []


def test_two_builds_at_once_do_not_meet(store: Path, tmp_path: Path) -> None:
    first, second = build(store, tmp_path / "first"), build(store, tmp_path / "second")
    (tmp_path / "first" / "packages" / "file").write_text("first")
    assert list((tmp_path / "second" / "packages").iterdir()) == []
    second.release()
    third = build(store, tmp_path / "third")
    assert list((tmp_path / "third" / "packages").iterdir()) == []
    first.release()
    third.release()
    build(store, tmp_path / "fourth").release()
    assert (tmp_path / "fourth" / "packages" / "file").read_text() == "first"


def test_a_removed_build_leaves_the_cache(store: Path, tmp_path: Path) -> None:
    """Its folders are removed some builds later, and links in them with it."""
    first = build(store, tmp_path / "first")
    (tmp_path / "first" / "packages" / "file").write_text("kept")
    first.release()
    shutil.rmtree(tmp_path / "first")
    build(store, tmp_path / "second").release()
    assert (tmp_path / "second" / "packages" / "file").read_text() == "kept"


def test_what_the_source_brings_itself_is_not_replaced(store: Path, tmp_path: Path) -> None:
    own = tmp_path / "first" / "packages"
    own.mkdir(parents=True)
    (own / "file").write_text("the source's")
    cache = LocalCache(store)
    assert cache.link(tmp_path / "first", PATHS) == ["deep/cache"]
    cache.release()
    build(store, tmp_path / "second").release()
    assert list((tmp_path / "second" / "packages").iterdir()) == []


def test_a_project_does_not_see_what_another_keeps(store: Path, tmp_path: Path) -> None:
    build(store, tmp_path / "first").release()
    (tmp_path / "first" / "packages" / "file").write_text("kept")
    build(store.with_name("other"), tmp_path / "second").release()
    assert list((tmp_path / "second" / "packages").iterdir()) == []


@pytest.mark.parametrize(
    "path", ["file", "folder/*", "/etc/**/*", "../up/**/*", "a/../b/**/*", "*/**/*", "/**/*", ""]
)
def test_only_a_folder_of_the_source_can_be_named(store: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(BuildspecError) as refused:
        LocalCache(store).link(tmp_path, [path])
    assert repr(path) in refused.value.message
