"""One delivery from nothing for all tests of this folder: each goes on from what it left."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from rehearsal import CHECKOUT
from rehearsal.own import OwnProject
from rehearsal.progress import Progress
from rehearsal.starting import Starter
from tests.delivery.developer import Checkout, Developer, copy_of_the_repository


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose first rehearsal passed, and was taken down."""
    root = tmp_path_factory.mktemp("delivery")
    cache = CHECKOUT / ".rehearsal" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (root / "cache").symlink_to(cache)
    checkout = Checkout(copy_of_the_repository(root / "worktree"), root)
    done = checkout.rehearsal("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


@pytest.fixture(scope="module")
def developer(delivered: Checkout) -> Iterator[Developer]:
    """At work in it, while a rehearsal that goes on from the kept one stays up."""
    starter = Starter(delivered.root, None, Progress(io.StringIO()), detached=False)
    start = starter.start(OwnProject.of_checkout(delivered.worktree), base=None)
    try:
        assert start.commit is not None, start.said
        yield Developer(start.server, delivered.worktree)
    finally:
        start.server.stop()
