"""A caller comes back just when the sweeper gives the request up: it counts, or it is refused.

The one race that the fault run meets too rarely, so hundreds of schedules around that moment are
tried here, with calls to AWS that take up to a second each. Proved for the fakes' idea of time: a
call to the API ends within the pause between two looks of the sweeper.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.models import PAYLOAD_MISSING, Acceptance, Ending, Row, Status
from services.requests.runtime.sweeper import PAYLOAD_BOUND, Look, Outcome, Sweeper
from tests.support.cloud.account import Worker
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import Build, deploy, post

BODY = b'{"amount": 1}'
SCHEDULES = range(150)


class GivesUpWithoutClosing(Sweeper):
    def _wait_for_payload(self, row: Row) -> Look:
        if self._age(row) < PAYLOAD_BOUND:
            return super()._wait_for_payload(row)
        return self._fail(row, Ending(PAYLOAD_MISSING, "Waited"), Outcome.GIVEN_UP)


class AcceptsWhatWasGivenUp(AcceptanceService):
    def _accept_once(self, draft: Row, body: bytes) -> Acceptance:
        row = self.rows.insert(draft) or draft
        if row.status is Status.FAILED:
            return Acceptance(row, replayed=True)
        return super()._accept_once(draft, body)


def _ending(seed: int, build: Build) -> tuple[int, str]:
    """Status of the answer to the caller who came back, and of the row in the end."""
    simulation = Simulation(seed)
    cloud, service = deploy(simulation, build=build, latency=(0.05, 1.0))
    answers: list[int] = []

    def come_back() -> None:
        response = service.call(post(BODY, "key"))
        assert response is not None
        answers.append(response["statusCode"])

    def begin() -> None:
        # Dies in its second call: there is a row then, and no payload.
        service.call(post(BODY, "key"), Worker(dies_at=2))

    simulation.spawn(begin)
    simulation.spawn(come_back, after=simulation.random.uniform(895, 1130))
    for minute in range(12, 24):
        simulation.spawn(service.sweep, after=60.0 * minute)
    simulation.run()
    (item,) = cloud.table.items.values()
    return answers[0], item["status"]["S"]


def _endings(build: Build) -> Iterator[tuple[int, str]]:
    return (_ending(seed, build) for seed in SCHEDULES)


def test_whoever_is_told_200_is_served_whenever_they_come_back() -> None:
    # Served; undecided and asked to come again; or told that it is too late: all three are met.
    assert set(_endings(Build())) == {(200, "completed"), (503, "failed"), (409, "failed")}


def test_giving_up_without_closing_first_is_noticed() -> None:
    assert (200, "failed") in _endings(Build(sweeper=GivesUpWithoutClosing))


def test_accepting_what_was_given_up_is_noticed() -> None:
    assert (200, "failed") in _endings(Build(acceptance=AcceptsWhatWasGivenUp))
