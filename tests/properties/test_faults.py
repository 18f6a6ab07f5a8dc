"""A short fault run: nothing lost, nothing done twice, nothing left over, and the same every time.

`make faults` is the long one. What both prove, and what not, is in tests/properties/faults.py.
"""

from __future__ import annotations

import pytest

from services.requests.runtime.settings import EXPRESS
from tests.properties.faults import GOAL, run
from tests.support.request_service import Build

REQUESTS = 600


@pytest.mark.parametrize("seed", range(101, 105))
def test_faults_crashes_and_repetitions_lose_and_double_nothing(seed: int) -> None:
    result = run(seed, REQUESTS)
    assert result.findings.violations == []
    # A tenth of all first answers may be lost; nearly all requests are answered in the end.
    assert result.acknowledged > 0.95 * REQUESTS


def test_acceptance_takes_few_calls() -> None:
    result = run(105, 1500)
    # The sweeper looks for work every minute, however few the requests of so short a run.
    assert result.calls - result.queries <= GOAL


@pytest.mark.parametrize("seed", [201, 202])
def test_an_express_workflow_works_once_a_request_as_well(seed: int) -> None:
    result = run(seed, REQUESTS, Build(workflow_type=EXPRESS))
    assert result.findings.violations == []
    # Without names that AWS respects, the claim has something to do.
    assert result.executions > REQUESTS


def test_one_seed_is_one_run() -> None:
    once, again = run(7, 200), run(7, 200)
    assert once.row[:-1] == again.row[:-1]
    assert run(8, 200).row[1:-1] != once.row[1:-1]
