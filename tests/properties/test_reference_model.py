"""Whatever order of calls, faults, deaths and sweeps Hypothesis thinks of, the service keeps to the
reference model.

One caller at a time, unlike in the fault run: here the answers are compared one by one, and a
failing history is shrunk to its shortest form. The workflow goes on between the calls.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.settings import EXPRESS
from tests.properties.mistakes import (
    AnswersUnfinishedRepetitions,
    DrawsANewIdForEveryCall,
    IgnoresTheBodyOfARepetition,
)
from tests.properties.reference_model import Answer, Fate, Promise
from tests.support.cloud.account import Worker
from tests.support.cloud.faults import EVERY_FAULT, Fault
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import Build, deploy, get, post

BODIES = [b'{"amount":1}', b'{"amount": 1}', b"{}"]
KEYS = ["a", "b"]
MINUTE = 60.0
GIVING_UP = 15 * MINUTE

faults = st.none() | st.tuples(st.integers(1, 5), st.sampled_from(EVERY_FAULT), st.booleans())
deaths = st.none() | st.tuples(st.integers(1, 4), st.booleans())


class RequestsMachine(RuleBasedStateMachine):
    build = Build()

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation(1)
        self.cloud, self.service = deploy(self.simulation, build=self.build, faults=self._fault)
        self.promises: dict[str, Promise] = {}
        self.sent_at: dict[str, float] = {}
        self.without_key = 0
        self.plan: tuple[int, Fault, bool] | None = None
        self.calls_until_fault = 0
        self.hit = False

    def _fault(self, role: str, _service: str, _operation: str) -> Fault | None:
        """The planned fault, once or from then on, for the API and the sweeper alone."""
        if self.plan is None or role == "workflow":
            return None
        self.calls_until_fault += 1
        number, fault, lasts = self.plan
        if self.calls_until_fault == number or (lasts and self.calls_until_fault > number):
            self.hit = True
            return fault
        return None

    def _do(self, action: Any, plan: tuple[int, Fault, bool] | None) -> Any:
        """Run `action` and everything that it sets off. Returns what it returned."""
        self.plan, self.calls_until_fault, self.hit = plan, 0, False
        future = self.simulation.spawn(action)
        self.simulation.run()
        self.plan = None
        return future.result()

    @rule(
        key=st.sampled_from([*KEYS, None]),
        body=st.sampled_from(BODIES),
        plan=faults,
        death=deaths,
    )
    def post(
        self,
        key: str | None,
        body: bytes,
        plan: tuple[int, Fault, bool] | None,
        death: tuple[int, bool] | None,
    ) -> None:
        worker = Worker(dies_at=death[0], dies_after=death[1]) if death else Worker()
        response = self._do(lambda: self.service.call(post(body, key), worker), plan)
        answer, request_id = _heard(response)
        name = key or self._name_for_one_without_key()
        promise = self.promises.setdefault(name, Promise())
        age = self.simulation.now - self.sent_at.setdefault(name, self.simulation.now)
        calm = not self.hit and not worker.dead
        allowed = promise.may_answer(body, calm=calm, old=age >= GIVING_UP)
        assert answer in allowed, f"{answer} instead of {allowed}"
        promise.heard(body, answer, request_id)

    def _name_for_one_without_key(self) -> str:
        self.without_key += 1
        return f"no key {self.without_key}"

    @rule(plan=faults, death=deaths)
    def sweep(self, plan: tuple[int, Fault, bool] | None, death: tuple[int, bool] | None) -> None:
        worker = Worker(role="sweeper")
        if death:
            worker.dies_at, worker.dies_after = death[0] + 16, death[1]
        self._do(lambda: self.service.sweep(worker), plan)

    @rule(minutes=st.sampled_from([0.1, 2.0, 20.0]))
    def wait(self, minutes: float) -> None:
        self._do(lambda: self.simulation.sleep(minutes * MINUTE), None)

    @precondition(lambda self: any(promise.request_id for promise in self.promises.values()))
    @rule(data=st.data())
    def look_up(self, data: Any) -> None:
        known = sorted(p.request_id for p in self.promises.values() if p.request_id)
        request_id = data.draw(st.sampled_from(known))
        response = self._do(lambda: self.service.call(get(request_id)), None)
        assert response["statusCode"] == 200
        assert json.loads(response["body"])["request_id"] == request_id

    @invariant()
    def nothing_is_done_twice(self) -> None:
        for executions in self.cloud.machine.by_name.values():
            assert sum(execution.worked for execution in executions) <= 1

    @invariant()
    def different_promises_have_different_ids(self) -> None:
        ids = [p.request_id for p in self.promises.values() if p.request_id]
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        """All faults over: after enough sweeps everything has ended as the model says."""
        for _ in range(25):
            self.wait(1.1)
            self._do(self.service.sweep, None)
        for promise in self.promises.values():
            # No fault hits the workflow itself here.
            assert self._fate(promise) in promise.may_end(calm=True)
        for item in self.cloud.table.items.values():
            assert item["status"]["S"] in ("completed", "failed")

    def _fate(self, promise: Promise) -> Fate:
        item = self.cloud.table.items.get(promise.request_id or "")
        if item is None:
            return Fate.FAILED if promise.given_up else Fate.NONE
        if item["status"]["S"] != "completed":
            return Fate.FAILED
        (execution,) = (
            execution
            for execution in self.cloud.machine.executions_named(promise.request_id or "")
            if execution.worked
        )
        key = json.loads(execution.input)["s3_key"]
        assert self.cloud.bucket.objects[key].body == promise.body
        return Fate.DONE


class ExpressRequestsMachine(RequestsMachine):
    build = Build(workflow_type=EXPRESS)


def _heard(response: Any) -> tuple[Answer, str | None]:
    if response is None:
        return Answer.NOTHING, None
    document = json.loads(response["body"])
    if response["statusCode"] == 200:
        replayed = "Idempotency-Replayed" in response["headers"]
        return Answer.REPLAYED if replayed else Answer.ACCEPTED, document["request_id"]
    if response["statusCode"] == 409:
        return Answer(f"409 {document['type'].rpartition(':')[2]}"), None
    return Answer(str(response["statusCode"])), None


_LENGTH = settings(max_examples=60, stateful_step_count=15, deadline=None, derandomize=True)
TestRequests = RequestsMachine.TestCase
TestRequests.settings = _LENGTH
TestExpressRequests = ExpressRequestsMachine.TestCase
TestExpressRequests.settings = _LENGTH


@pytest.mark.parametrize(
    "acceptance",
    [IgnoresTheBodyOfARepetition, DrawsANewIdForEveryCall, AnswersUnfinishedRepetitions],
)
def test_the_model_notices_an_acceptance_that(acceptance: type[AcceptanceService]) -> None:
    class Mistaken(RequestsMachine):
        build = Build(acceptance=acceptance)

    # Finding the shortest history is for people.
    quick = settings(_LENGTH, max_examples=400, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Mistaken, settings=quick)
