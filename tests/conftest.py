"""One synthesis of the working tree for all tests that only read it."""

from __future__ import annotations

import pytest

from tests.support.synthesis import REPOSITORY, Assembly, synthesize


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesize(REPOSITORY, tmp_path_factory.mktemp("synth") / "cdk.out")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps on one worker what shares what it sets up: a file's tests, and those of deliveries."""
    for item in items:
        folder = item.path.parent
        shared = folder if folder.name == "delivery" else item.path
        item.add_marker(pytest.mark.xdist_group(str(shared.relative_to(REPOSITORY))))
