"""One synthesis of the working tree for all tests that only read it."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.support.synthesis import REPOSITORY, Assembly, synthesize


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesize(REPOSITORY, tmp_path_factory.mktemp("synth") / "cdk.out")


class ByWhatIsShared(LoadFileScheduling):
    """Keeps on one worker what shares what it sets up: a file's tests, and those of deliveries."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder == "tests/delivery" else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatIsShared:
    return ByWhatIsShared(config, log)
