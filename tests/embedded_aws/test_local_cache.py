"""Proves what one build's local cache leaves for the next, and for none that runs beside it.

With real builds, in `test_codebuild_builds`: that a failed build's writes stay, and that whoever
removes the link keeps nothing.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from embedded_aws.codebuild import local_cache
from embedded_aws.codebuild.local_cache import LocalCache
from tests.embedded_aws.emulated import REPOSITORY

PATHS = ("packages/**/*", "deep/cache/**/*")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store" / "111111111111" / "project"


def build(store: Path, source: Path) -> LocalCache:
    """A build that has begun."""
    source.mkdir(parents=True, exist_ok=True)
    cache = LocalCache(store)
    place = source.with_name(f"{source.name}-cache")
    host = cache.enter(place)
    assert host == place
    said = cache.link(host, host, {"": source}, PATHS)
    assert [line.split()[:2] for line in said] == [["Linked", "packages"], ["Linked", "deep/cache"]]
    return cache


def test_the_next_build_has_the_folders_of_the_last(store: Path, tmp_path: Path) -> None:
    first = build(store, tmp_path / "first")
    (tmp_path / "first" / "packages" / "file").write_text("kept")
    (tmp_path / "first" / "deep" / "cache" / "file").write_text("deep")
    first.release()
    last = build(store, tmp_path / "second")
    assert (tmp_path / "second" / "packages" / "file").read_text() == "kept"
    assert (tmp_path / "second" / "deep" / "cache" / "file").read_text() == "deep"
    last.release()


def test_a_build_that_throws_the_link_away_keeps_nothing(store: Path, tmp_path: Path) -> None:
    first = build(store, tmp_path / "first")
    packages = tmp_path / "first" / "packages"
    assert packages.is_symlink()
    packages.unlink()
    packages.mkdir()
    (packages / "file").write_text("lost")
    first.release()
    last = build(store, tmp_path / "second")
    assert list((tmp_path / "second" / "packages").iterdir()) == []
    last.release()


def test_two_builds_at_once_do_not_meet(store: Path, tmp_path: Path) -> None:
    first, second = build(store, tmp_path / "first"), build(store, tmp_path / "second")
    (tmp_path / "first" / "packages" / "file").write_text("first")
    assert list((tmp_path / "second" / "packages").iterdir()) == []
    second.release()
    third = build(store, tmp_path / "third")
    assert list((tmp_path / "third" / "packages").iterdir()) == []
    first.release()
    third.release()
    last = build(store, tmp_path / "fourth")
    assert (tmp_path / "fourth" / "packages" / "file").read_text() == "first"
    last.release()


def test_a_removed_build_leaves_the_cache(store: Path, tmp_path: Path) -> None:
    """Its folders are removed some builds later, and links in them with it."""
    first = build(store, tmp_path / "first")
    (tmp_path / "first" / "packages" / "file").write_text("kept")
    first.release()
    shutil.rmtree(tmp_path / "first")
    last = build(store, tmp_path / "second")
    assert (tmp_path / "second" / "packages" / "file").read_text() == "kept"
    last.release()


def test_what_the_source_brings_itself_is_not_replaced(store: Path, tmp_path: Path) -> None:
    own = tmp_path / "first" / "packages"
    own.mkdir(parents=True)
    (own / "file").write_text("the source's")
    cache = LocalCache(store)
    host = cache.enter(tmp_path / "place")
    packages, deep = cache.link(host, host, {"": tmp_path / "first"}, PATHS)
    assert packages.endswith("is not kept, there is something else")
    assert deep.startswith("Linked deep/cache")
    cache.release()
    last = build(store, tmp_path / "second")
    assert list((tmp_path / "second" / "packages").iterdir()) == []
    last.release()


def test_a_project_does_not_see_what_another_keeps(store: Path, tmp_path: Path) -> None:
    build(store, tmp_path / "first").release()
    (tmp_path / "first" / "packages" / "file").write_text("kept")
    build(store.with_name("other"), tmp_path / "second").release()
    assert list((tmp_path / "second" / "packages").iterdir()) == []


def test_what_a_dead_servers_build_had_is_found_again(store: Path, tmp_path: Path) -> None:
    place = tmp_path / "of-the-dead"
    server = (
        "import os, pathlib\n"
        "from embedded_aws.codebuild.local_cache import LocalCache\n"
        f"cache = LocalCache(pathlib.Path({str(store)!r}))\n"
        f"place = cache.enter(pathlib.Path({str(place)!r}))\n"
        "(place / 'file').write_text('kept')\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", server], cwd=REPOSITORY, check=False)
    assert (place / "file").exists()
    cache = LocalCache(store)
    assert (cache.enter(tmp_path / "next") / "file").read_text() == "kept"
    cache.release()


def test_on_another_file_system_it_stays_where_it_is(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "rename", refuse)
    cache = LocalCache(store)
    assert cache.enter(tmp_path / "place") == store / "host-1"
    cache.release()


@pytest.mark.parametrize("what", ["a link", "nothing"])
def test_a_build_that_replaces_its_cache_by_a_link_keeps_nothing(
    store: Path, tmp_path: Path, what: str
) -> None:
    (tmp_path / "secrets").mkdir()
    cache = build(store, tmp_path / "first")
    shutil.rmtree(tmp_path / "first-cache")
    if what == "a link":
        (tmp_path / "first-cache").symlink_to(tmp_path / "secrets")
    cache.release()
    last = build(store, tmp_path / "second")
    assert list((tmp_path / "secrets").iterdir()) == []
    last.release()


def test_a_folder_of_home_is_kept_as_well(store: Path, tmp_path: Path) -> None:
    """As the guides have it for package managers: `/root/.npm/**/*`."""
    said = []
    for number in ("first", "second"):
        home, source = tmp_path / number / "home", tmp_path / number / "source"
        source.mkdir(parents=True)
        (source / ".npm").mkdir()
        cache = LocalCache(store)
        host = cache.enter(tmp_path / number / "cache")
        roots = {local_cache.HOME: home, "": source}
        said += cache.link(host, host, roots, ["/root/.npm/_cacache/**/*"])
        (home / ".npm" / "_cacache" / number).touch()
        cache.release()
    assert said == 2 * ["Linked /root/.npm/_cacache to the project's local cache"]
    cache = LocalCache(store)
    (kept,) = cache.enter(tmp_path / "third").iterdir()
    assert sorted(path.name for path in kept.iterdir()) == ["first", "second"]
    cache.release()


@pytest.mark.parametrize(
    "path",
    [
        "file",
        "folder/*",
        "/etc/**/*",
        "/root/**/*",
        "/root/../etc/**/*",
        "../up/**/*",
        "a/../b/**/*",
        "*/**/*",
        "/**/*",
        "",
    ],
)
def test_what_is_no_folder_of_the_builds_is_not_kept_and_fails_nothing(
    store: Path, tmp_path: Path, path: str
) -> None:
    cache = LocalCache(store)
    host = cache.enter(tmp_path / "place")
    source, home = tmp_path / "source", tmp_path / "home"
    (said,) = cache.link(host, host, {local_cache.HOME: home, "": source}, [path])
    cache.release()
    assert said.startswith(f"cache/paths: {path} is not kept, it is no folder/**/*")
    assert not source.exists()
    assert not home.exists()
