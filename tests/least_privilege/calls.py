"""Runs every path of the service on the fake cloud and notes which role called what on AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from services.requests.runtime.sweeper import ACCEPTED_PAUSE, PAYLOAD_BOUND, PROCESSING_PAUSE
from tests.support.cloud.account import Worker
from tests.support.cloud.faults import LASTING, Fault
from tests.support.cloud.simulation import Simulation
from tests.support.request_service import Build, deploy, get, post


@dataclass(frozen=True)
class Call:
    """One call as the code made it: role, boto3's service and method, and the arguments."""

    role: str
    service: str
    method: str
    arguments: Mapping[str, Any]


@cache
def recorded(workflow_type: str) -> tuple[Call, ...]:
    """What the roles call while everything happens to the service that can."""
    return tuple(_Recorder(workflow_type).run())


class _Recorder:
    """A cloud whose calls are noted, and whose operations can be made to fail."""

    def __init__(self, workflow_type: str) -> None:
        self._calls: list[Call] = []
        self._failing: set[tuple[str, str]] = set()
        self._simulation = Simulation(seed=1)
        self._cloud, self._service = deploy(
            self._simulation, faults=self._fault, build=Build(workflow_type=workflow_type)
        )
        self._attempt = self._cloud.attempt
        self._cloud.attempt = self._record

    def run(self) -> list[Call]:
        self._simulation.spawn(self._paths)
        self._simulation.run()
        return self._calls

    def _fault(self, _role: str, service: str, operation: str) -> Fault | None:
        return LASTING[0] if (service, operation) in self._failing else None

    def _record(
        self, service: str, operation: str, arguments: Mapping[str, Any], worker: Worker
    ) -> Any:
        self._calls.append(Call(worker.role, service, operation, arguments))
        return self._attempt(service, operation, arguments, worker)

    def _paths(self) -> None:
        self._accepted_replayed_and_read()
        self._without("stepfunctions", "start_execution", key="no-start")
        self._without("s3", "put_object", key="no-payload")
        self._without("dynamodb", "update_item", key="no-end", seconds=120)
        pauses = (ACCEPTED_PAUSE, PROCESSING_PAUSE, PAYLOAD_BOUND, ACCEPTED_PAUSE)
        for pause in pauses:
            self._simulation.sleep(pause.total_seconds() + 1)
            self._service.sweep()

    def _accepted_replayed_and_read(self) -> None:
        self._service.call(post(b"{}"))
        for _ in range(2):
            answer = self._service.call(post(b"{}", "key"))
            assert answer is not None
            assert answer["statusCode"] == 200, answer
            self._simulation.sleep(10)
        self._service.call(get(json.loads(answer["body"])["request_id"]))

    def _without(self, service: str, operation: str, *, key: str, seconds: float = 1) -> None:
        self._failing.add((service, operation))
        answer = self._service.call(post(b"{}", key))
        assert answer is not None
        assert answer["statusCode"] in (200, 503), answer
        self._simulation.sleep(seconds)
        self._failing.clear()
