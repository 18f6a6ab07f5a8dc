"""The fake clients fail as botocore's do: as often as it tries, with the error that it raises.

Real clients, configured as ours are, meet the same faults on a wire that is cut below them. Not
proved: that AWS itself sends such answers; tests/support/cloud names the pages that say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ExponentialBackoff

from services.requests.runtime.stores import CLIENT_CONFIG, clients
from tests.support.cloud.account import MACHINE_ARN, MAX_ATTEMPTS, Worker
from tests.support.cloud.faults import EVERY_FAULT, Fault
from tests.support.cloud.simulation import DeadlockError, SimulatedExecutor, Simulation
from tests.support.request_service import deploy

INPUT = '{"request_id": "n", "s3_key": "k"}'
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3": ("put_object", {"Bucket": "bucket", "Key": "k", "Body": b"{}"}),
    "dynamodb": ("put_item", {"TableName": "table", "Item": {"request_id": {"S": "1"}}}),
    "stepfunctions": (
        "start_execution",
        {"stateMachineArn": MACHINE_ARN, "name": "n", "input": INPUT},
    ),
}


@pytest.fixture(autouse=True)
def _aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def _on_the_wire(service: str, error: Exception) -> AWSResponse:
    """The HTTP answer behind a ClientError; what is no answer is raised."""
    if not isinstance(error, ClientError):
        raise error
    code = error.response["Error"]["Code"]
    if service == "s3":
        content = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
    else:
        content = json.dumps({"__type": code, "message": "m"}).encode()
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return AWSResponse("https://aws", status, {}, _Body(content))


def _meet(service: str, fault: Fault) -> tuple[Exception, int]:
    """What a real client raises whose every attempt meets the fault, and after how many."""
    operation, arguments = CALLS[service]
    client = clients()(service)
    attempts: list[object] = []

    def meet(request: object, **_: object) -> AWSResponse:
        attempts.append(request)
        return _on_the_wire(service, fault.error(service, operation))

    client.meta.events.register("before-send", meet)
    with pytest.raises((ClientError, BotoCoreError)) as raised:
        getattr(client, operation)(**arguments)
    return raised.value, len(attempts)


def _described(error: BaseException | None) -> str:
    """Class and code. A modelled error's class is its code's."""
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=str)
@pytest.mark.parametrize("service", CALLS)
def test_a_fake_client_tries_and_fails_as_a_real_one(service: str, fault: Fault) -> None:
    operation, arguments = CALLS[service]
    real, attempts = _meet(service, fault)
    simulation = Simulation(1)
    cloud, _ = deploy(simulation, faults=lambda *_: fault)
    client = cloud.client(service, Worker())
    future = simulation.spawn(lambda: getattr(client, operation)(**arguments), watched=False)
    simulation.run()
    faked = future.exception()
    assert cloud.calls["processor", operation] == attempts
    assert _described(faked) == _described(real)


def test_the_fakes_try_as_often_as_the_stores_are_configured_to() -> None:
    assert CLIENT_CONFIG.retries["total_max_attempts"] == MAX_ATTEMPTS


def test_tasks_interleave_as_the_seed_says_and_time_passes_only_in_them() -> None:
    def order(seed: int) -> list[str]:
        simulation, seen = Simulation(seed), []

        def task(name: str) -> None:
            for _ in range(3):
                simulation.sleep(simulation.random.random())
                seen.append(f"{name} {simulation.now:.3f}")

        for name in "abc":
            simulation.spawn(partial(task, name))
        simulation.run()
        return seen

    assert order(1) == order(1) != order(2)


def test_a_task_can_wait_for_another() -> None:
    simulation = Simulation(1)
    executor = SimulatedExecutor(simulation)

    def slow(number: int) -> int:
        simulation.sleep(10 - number)
        return number

    outcome = simulation.spawn(lambda: list(executor.map(slow, range(3))))
    simulation.run()
    assert outcome.result() == [0, 1, 2]
    assert simulation.now == 10


def test_an_error_in_a_task_ends_the_run() -> None:
    simulation = Simulation(1)
    simulation.spawn(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        simulation.run()


def test_tasks_that_wait_for_each_other_are_an_error() -> None:
    simulation = Simulation(1)
    futures: list[Future[object]] = []

    def wait_for(other: int) -> object:
        return futures[other].result()

    futures.extend(simulation.spawn(partial(wait_for, other)) for other in (1, 0))
    with pytest.raises(DeadlockError):
        simulation.run()
