"""One synthesis of the working tree for all tests that only read it, and who runs what when."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.support.synthesis import REPOSITORY, Assembly, synthesize

FIRST: Final = (
    *("tests/delivery/", "tests/stock/", "tests/embedded_aws/", "tests/accounts/", "tests/gates/"),
    *("tests/rehearsal/", "tests/template/", "tests/unit/test_smoke_checks"),
)
"""The longest come first, so that no worker is left with one of them at the end. A build leaves
what it installed for the next one of its project, and not for one that runs beside it: so accounts,
where our pipeline delivers as well, come when the first delivery is over."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what stands in `FIRST` first, in that order, and leaves the order otherwise."""
    items.sort(key=lambda item: next(_places(item), len(FIRST)))


def _places(item: pytest.Item) -> Iterator[int]:
    return (place for place, folder in enumerate(FIRST) if item.nodeid.startswith(folder))


def pytest_xdist_auto_num_workers() -> int:
    """Two more than processors: who follows deliveries or the emulator waits half of the time."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Synthesized by the first worker that asks for it, while the others wait.

    pytest-xdist documentation, "Making session-scoped fixtures execute only once".
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    whole = folder / "assembly"
    with (folder / "assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            synthesize(REPOSITORY, folder / "unfinished").directory.rename(whole)
    return Assembly(whole)


class ByWhatIsShared(LoadFileScheduling):
    """Keeps on one worker what shares what it sets up: a file's tests, and those of deliveries."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder == "tests/delivery" else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatIsShared:
    return ByWhatIsShared(config, log)
