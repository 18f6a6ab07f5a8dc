"""One synthesis of the working tree for all tests that only read it."""

from __future__ import annotations

import pytest

from tests.support.synthesis import REPOSITORY, Assembly, synthesize


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesize(REPOSITORY, tmp_path_factory.mktemp("synth") / "cdk.out")
