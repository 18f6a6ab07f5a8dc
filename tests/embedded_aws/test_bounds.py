"""Proves that what servers keep is bounded, by number and bytes, and that nothing in use goes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from embedded_aws import bounds, outside, processes
from embedded_aws.bounds import Bound
from embedded_aws.server_record import Record
from tests.embedded_aws.emulated import REGION

MEBIBYTE = 1024 * 1024


def filled(folder: Path, *, age: float, mebibytes: int = 1) -> Path:
    """A folder that was last used `age` seconds ago."""
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(os.urandom(mebibytes * MEBIBYTE))
    used = time.time() - age
    os.utime(folder, (used, used))
    return folder


def names(paths: Iterable[Path]) -> list[str]:
    return sorted(path.name for path in paths)


@pytest.mark.parametrize(
    ("bound", "gone"),
    [
        (Bound(3, 100 * MEBIBYTE), []),
        (Bound(2, 100 * MEBIBYTE), ["oldest"]),
        (Bound(3, int(2.5 * MEBIBYTE)), ["oldest"]),
        (Bound(3, int(1.5 * MEBIBYTE)), ["oldest", "older"]),
        (Bound(1, 0), ["oldest", "older"]),
    ],
)
def test_what_is_beyond_the_bound_goes_oldest_first_and_the_newest_stays(
    tmp_path: Path, bound: Bound, gone: list[str]
) -> None:
    folders = [
        filled(tmp_path / "older", age=20),
        filled(tmp_path / "newest", age=10),
        filled(tmp_path / "oldest", age=30),
    ]
    assert [path.name for path in bounds.beyond(folders, bound)] == gone


def test_a_server_removes_the_caches_that_were_used_longest_ago(tmp_path: Path) -> None:
    project = tmp_path / "cache" / "projects" / "111111111111" / "project"
    for number, age in enumerate((30, 20, 10)):
        filled(project / f"host-{number}", age=age)
    for name in ("npm", "projects/1/p/0123456789abcdef"):  # as releases before this one had it
        filled(tmp_path / "cache" / name, age=40)
    (project / "locks").mkdir()
    bounds.tidy(tmp_path, caches=Bound(2, 100 * MEBIBYTE))
    assert names(project.iterdir()) == ["host-1", "host-2", "locks"]
    assert names((tmp_path / "cache").glob("**/file")) == ["file", "file"]


def test_a_cache_that_a_build_took_meanwhile_stays(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache" / "projects" / "1" / "p" / "host-1", age=30)
    filled(tmp_path / "cache" / "projects" / "1" / "p" / "host-2", age=-100)
    bounds.use(cache)
    os.utime(cache, (time.time() + 50,) * 2)
    bounds.tidy(tmp_path, caches=Bound(1, 0))
    assert cache.exists()


def test_a_cache_that_is_a_link_is_somebody_elses(tmp_path: Path) -> None:
    others = filled(tmp_path / "others" / "projects" / "1" / "p" / "host-1", age=30)
    filled(tmp_path / "others" / "projects" / "1" / "p" / "host-2", age=20)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "cache").symlink_to(tmp_path / "others")
    bounds.tidy(tmp_path / "root", caches=Bound(1, 0))
    assert others.exists()


def test_builds_of_roots_that_are_gone_go_and_those_of_running_servers_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "user_home", lambda: tmp_path / "home")
    roots = {name: tmp_path / name / ".root" for name in ("here", "gone", "running", "idle")}
    places = {}
    for name, root in roots.items():
        (root.parent / ".git").mkdir(parents=True)
        outside.prepare(root / "builds")
        places[name] = (root / "builds").resolve()
        os.utime(places[name], (time.time() - 60,) * 2)
    (roots["gone"] / "builds").unlink()
    own = processes.find(os.getpid())
    assert own
    Record(own, 1, REGION).write(roots["running"])
    nobodys = filled(places["here"].parent / "from-before", age=2 * 86_400)
    bounds.tidy(roots["here"], places=Bound(1, 0))
    assert not places["gone"].exists()
    assert not places["idle"].exists()
    assert not nobodys.exists()
    assert places["running"].exists()
    assert places["here"].exists()
