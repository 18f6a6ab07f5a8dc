"""Every single call to AWS fails in every way we know, once and for minutes, on every route.

Proved: the caller hears 200 or 503, never a 500 or anything of our insides; whoever heard 200 is
served, nothing is done twice, and all rows come to an end once the fault is over. Which calls there
are is not listed but found out, so a call that is added is covered as well. Faults of two calls at
once are the fault run's business.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from services.requests.runtime.models import COMPLETION_NOT_RECORDED
from tests.properties.audit import audit
from tests.properties.callers import Answer, Intent, answer_of
from tests.properties.faults import sweep_until_rest
from tests.support.cloud.account import Cloud, Worker
from tests.support.cloud.faults import AFTER, BEFORE, EVERY_FAULT, LASTING, Fault
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import Service, deploy, get, post

BODY = b'{"amount": 1}'
# How long a fault goes on: for one attempt, or longer than all retries of callers and machines.
ONCE, LONG = 0.0, 300.0
# Longer than a retry, faults of one effect are alike.
PERSISTENT = [BEFORE[0], *AFTER[::2], LASTING[0]]


@dataclass
class OneFault:
    """Breaks the attempt with this number, and its operation from then on for `seconds`."""

    simulation: Simulation
    fault: Fault
    number: int
    seconds: float
    roles: tuple[str, ...]
    seen: int = 0
    latest: str = ""
    broken: str = ""
    until: float = 0.0

    def __call__(self, role: str, _service: str, operation: str) -> Fault | None:
        if role not in self.roles:
            return None
        if not (operation == "query" == self.latest):
            # The sweeper reads its index part by part: one query after another is the same call.
            self.seen += 1
        self.latest = operation
        if self.seen == self.number and not self.broken:
            self.broken, self.until = operation, self.simulation.now + self.seconds
            return self.fault
        goes_on = operation == self.broken and self.simulation.now < self.until
        return self.fault if goes_on else None


@dataclass(frozen=True)
class Route:
    """key: of the POST. dies_at: the call in which the first worker dies, to leave work over.

    repeats: whether the caller comes back. roles: whose calls fail.
    """

    key: str | None = None
    dies_at: int | None = None
    repeats: bool = False
    roles: tuple[str, ...] = ("processor", "workflow")


ROUTES = {
    "POST without a key": Route(),
    "POST with a key": Route("k", repeats=True),
    "POST with a key, repeated after a death": Route("k", dies_at=2, repeats=True),
    "sweep of a row without an execution": Route("k", dies_at=3, roles=("sweeper", "workflow")),
    "sweep of a row without a payload": Route("k", dies_at=2, roles=("sweeper",)),
}


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=str)
@pytest.mark.parametrize("route", ROUTES)
def test_no_single_fault_loses_or_doubles_a_request(route: str, fault: Fault) -> None:
    _try_at_every_call(route, fault, ONCE)


@pytest.mark.parametrize("fault", PERSISTENT, ids=str)
@pytest.mark.parametrize("route", ROUTES)
def test_nor_does_one_that_lasts_for_minutes(route: str, fault: Fault) -> None:
    _try_at_every_call(route, fault, LONG)


def _try_at_every_call(route: str, fault: Fault, seconds: float) -> None:
    number = 1
    while _violations(ROUTES[route], fault, number, seconds):
        number += 1
    assert number > 3  # acceptance alone takes three calls, a sweep many more


def test_the_answers_that_come_of_our_own_lost_replies_are_met() -> None:
    met: Counter[tuple[str, str]] = Counter()
    for seed in range(4):
        for number in range(1, 5):
            for fault in AFTER:
                met += _world(ROUTES["POST with a key"], fault, number, ONCE, seed)[0].refusals
    assert met["put_item", "ConditionalCheckFailedException"]
    assert met["put_object", "PreconditionFailed"]
    assert met["start_execution", "ExecutionAlreadyExists"]


def _violations(route: Route, fault: Fault, number: int, seconds: float) -> bool:
    """Asserts that all is well after this fault. False: there was no call with this number."""
    cloud, intent, faults = _world(route, fault, number, seconds, seed=number)
    found = audit(cloud, [intent])
    assert found.violations == [], f"call {number}, {faults.broken}"
    assert {answer.status for answer in intent.answers} <= {200, 409, 502, 503}
    if seconds == ONCE and route.repeats:
        assert intent.acknowledged, f"call {number}, {faults.broken}"
    return faults.seen >= number


def _world(
    route: Route, fault: Fault, number: int, seconds: float, seed: int
) -> tuple[Cloud, Intent, OneFault]:
    simulation = Simulation(seed)
    faults = OneFault(simulation, fault, number, seconds, route.roles)
    cloud, service = deploy(simulation, faults=faults)
    intent = Intent(1, BODY, route.key)
    callers = [simulation.spawn(lambda: _call(simulation, service, route, intent))]
    simulation.spawn(
        lambda: sweep_until_rest(
            simulation, cloud, service.sweep, lambda: all(caller.done() for caller in callers)
        )
    )
    simulation.run()
    return cloud, intent, faults


def _call(simulation: Simulation, service: Service, route: Route, intent: Intent) -> None:
    intent.answers.append(_send(service, intent, Worker(dies_at=route.dies_at)))
    for _ in range(30 if route.repeats else 0):
        if intent.answers[-1].status < 500:
            return
        simulation.sleep(20)
        intent.answers.append(_send(service, intent, Worker()))


def _send(service: Service, intent: Intent, worker: Worker) -> Answer:
    response = service.call(post(intent.body, intent.key), worker)
    if response is not None and response["statusCode"] != 200:
        _check_problem(response)
    return answer_of(response)


def _check_problem(response: Any) -> None:
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert set(json.loads(response["body"])) <= {"type", "title", "status", "detail", "request_id"}
    assert "amazonaws" not in response["body"]
    assert response["statusCode"] != 503 or response["headers"]["Retry-After"] == "1"


HOUR = 3600.0


@pytest.mark.parametrize(
    ("outage", "status", "error"),
    [(2 * HOUR, "completed", None), (48 * HOUR, "failed", COMPLETION_NOT_RECORDED)],
)
def test_a_table_that_fails_after_the_work_does_not_make_it_look_undone(
    outage: float, status: str, error: str | None
) -> None:
    simulation = Simulation(1)
    cloud, service = deploy(simulation)
    intent = Intent(1, BODY, "k")

    def out_of_order(role: str, _service: str, operation: str) -> Fault | None:
        worked = any(run.worked for runs in cloud.machine.by_name.values() for run in runs)
        down = (role, operation) == ("workflow", "update_item") and worked
        return BEFORE[0] if down and simulation.now < outage else None

    def live() -> None:
        cloud.faults = out_of_order
        intent.answers.append(_send(service, intent, Worker()))
        while simulation.now < outage + HOUR:
            simulation.sleep(600)
            service.sweep()

    simulation.spawn(live)
    simulation.run()
    (item,) = cloud.table.items.values()
    assert item["status"]["S"] == status
    assert item.get("failure_error", {"S": None})["S"] == error
    assert audit(cloud, [intent]).violations == []


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=str)
def test_a_look_up_that_fails_changes_nothing(fault: Fault) -> None:
    simulation = Simulation(1)
    cloud, service = deploy(simulation)
    statuses: list[int] = []

    def look_up() -> None:
        accepted = service.call(post(BODY))
        assert accepted is not None
        found = get(json.loads(accepted["body"])["request_id"])
        simulation.sleep(60)
        before = dict(cloud.table.items)
        cloud.faults = lambda *_: fault
        response = service.call(found)
        cloud.faults = lambda *_: None
        assert response is not None
        _check_problem(response)
        again = service.call(found)
        assert again is not None
        statuses.extend([response["statusCode"], again["statusCode"]])
        assert cloud.table.items == before

    simulation.spawn(look_up)
    simulation.run()
    assert statuses == [503, 200]
