"""The fault run of the file service, reduced; and wrong processors, each of which it notices.

This proves that the run can fail, and for which reasons. `make faults` is the whole of it.
"""

from __future__ import annotations

import pytest

from tests.properties.file_faults import run
from tests.properties.file_mistakes import MISTAKES


@pytest.mark.parametrize("seed", [101, 102])
def test_every_version_has_exactly_one_outcome_whatever_happens(seed: int) -> None:
    result = run(seed, 1000)
    assert result.findings.violations == []
    assert result.events >= 1000
    # The run met what it is there for.
    assert result.dead > 0
    assert result.attempts > result.events
    assert sum(result.findings.outcomes.values()) == result.versions


def test_one_seed_is_one_run() -> None:
    first, again = run(7, 100), run(7, 100)
    assert first.row[:-1] == again.row[:-1]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_fault_run_notices_a_processor_that(mistake: str) -> None:
    build, finding = MISTAKES[mistake]
    found: list[str] = []
    for seed, events in enumerate([100, 300, 1000, 1000, 2000], start=301):
        found = getattr(run(seed, events, build).findings, finding)
        if found:
            break
    assert found
