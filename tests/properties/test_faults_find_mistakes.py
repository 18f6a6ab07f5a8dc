"""The fault run notices wrong services: each of `mistakes` is one that somebody could make.

This proves that the fault run can fail, and for which reasons. Mistakes of other kinds it may miss.
"""

from __future__ import annotations

import pytest

from tests.properties.faults import run
from tests.properties.mistakes import MISTAKES
from tests.support.request_service import Build


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_fault_run_notices_a_service_that(mistake: str) -> None:
    build, finding = MISTAKES[mistake]
    assert _found(build, finding)


def _found(build: Build, finding: str) -> list[str]:
    """What the first seed finds that finds anything of this kind; most need few requests."""
    for seed, requests in enumerate([60, 300, 300, 1000, 1000, 2000], start=301):
        found: list[str] = getattr(run(seed, requests, build).findings, finding)
        if found:
            return found
    return []
