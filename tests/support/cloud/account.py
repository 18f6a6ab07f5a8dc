"""One account's bucket, table and state machine, reached through clients shaped like boto3's.

Between a client and its service lie latency, faults, the client library's own retries and the death
of the worker that calls. Everything that happens is decided by the simulation's seed.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tests.support.cloud.dynamodb import Index, Table
from tests.support.cloud.faults import MODELLED, Effect, Fault, refusal
from tests.support.cloud.refusals import RefusedError
from tests.support.cloud.s3 import Bucket
from tests.support.cloud.simulation import Simulation
from tests.support.cloud.stepfunctions import StateMachine
from tests.support.cloud.workflow import Execution, Interpreter, State, TaskFailedError

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
MACHINE_ARN = "arn:aws:states:us-west-2:222222222222:stateMachine:tap-dev-statemachine"
MAX_ATTEMPTS = 2  # as the stores configure their clients; test_fakes.py compares
LATENCY = (0.002, 0.03)  # seconds a call takes, one way
_LATEST = 5.0  # seconds after its caller gave up that a call may still have its effect

# Decides the fate of one attempt, given the caller's role ("processor", "sweeper", "workflow"),
# service and operation.
Faults = Callable[[str, str, str], Fault | None]


class WorkerDiedError(BaseException):
    """The worker is gone in the middle of something. No `except Exception` may catch it."""


@dataclass
class Worker:
    """One Lambda sandbox. dies_at: the number of its AWS call that it dies in, counted from 1.

    dies_after: whether that call still has its effect.
    """

    role: str = "processor"
    dies_at: int | None = None
    dies_after: bool = False
    dead: bool = False
    attempts: int = 0

    def check(self) -> None:
        if self.dead:
            raise WorkerDiedError


def no_faults(_role: str, _service: str, _operation: str) -> Fault | None:
    return None


@dataclass
class Cloud:
    """calls: attempts by (role, operation). refusals: by (operation, code), replies lost included.

    latency: bounds of the seconds that a call takes, one way.
    """

    simulation: Simulation
    definition: State
    faults: Faults = no_faults
    indexes: Mapping[str, Index] = field(default_factory=dict)
    express: bool = False
    latency: tuple[float, float] = LATENCY
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.table = Table("table", "request_id", self._seconds, self.indexes)
        self.bucket = Bucket("bucket")
        arn = f"{MACHINE_ARN}-express" if self.express else MACHINE_ARN
        self.machine = StateMachine(arn, self._seconds, self._begin, self.express)
        self._services = {
            "s3": self.bucket,
            "dynamodb": self.table,
            "stepfunctions": self.machine,
        }
        self._interpreter = Interpreter(
            self.definition,
            {"TableName": self.table.name, "BucketName": self.bucket.name},
            self._call_from_workflow,
            self.simulation.sleep,
            # JSONata's form of it.
            lambda: f"{self.now():%Y-%m-%dT%H:%M:%S}.{self.now().microsecond // 1000:03}Z",
            lambda: str(uuid.UUID(int=self.simulation.random.getrandbits(128), version=4)),
        )

    def _seconds(self) -> float:
        return self.simulation.now

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.simulation.now)

    def client(self, service: str, worker: Worker) -> Any:
        """What `boto3.client(service)` would give the code that runs in this worker."""
        return _Client(self, service, worker)

    def _begin(self, execution: Execution) -> None:
        delay = self.simulation.random.uniform(*self.latency)
        self.simulation.spawn(lambda: self._interpreter.run(execution), after=delay)

    def _call_from_workflow(
        self, service: str, operation: str, arguments: Mapping[str, Any]
    ) -> Any:
        """One try of a Task state: the state machine's Retry is the only one here."""
        prefix = {"dynamodb": "DynamoDB", "s3": "S3", "stepfunctions": "Sfn"}[service]
        try:
            return self.attempt(service, operation, arguments, Worker("workflow"))
        except RefusedError as refused:
            code = refused.code.removesuffix("Exception")
            raise TaskFailedError(f"{prefix}.{code}Exception", refused.code) from None
        except _FaultedError as faulted:
            kind = faulted.fault.code
            name = "States.Timeout" if kind is None else f"{prefix}.{kind.title()}Exception"
            raise TaskFailedError(name, faulted.fault.name) from None

    def attempt(
        self, service: str, operation: str, arguments: Mapping[str, Any], worker: Worker
    ) -> Any:
        """One try on the wire. Raises RefusedError, _FaultedError or WorkerDiedError."""
        worker.check()
        worker.attempts += 1
        number = worker.attempts
        self.calls[worker.role, operation] += 1
        random, sleep = self.simulation.random, self.simulation.sleep

        def apply() -> Any:
            try:
                return getattr(self._services[service], operation)(**arguments)
            except RefusedError as refused:
                self.refusals[operation, refused.code] += 1
                raise

        sleep(random.uniform(*self.latency))
        if worker.dead or number == worker.dies_at:
            # Under way when the worker died: it may arrive all the same.
            arrives = worker.dies_after if number == worker.dies_at else random.random() < 0.5
            worker.dead = True
            if arrives:
                _regardless(apply)
            raise WorkerDiedError
        fault = self.faults(worker.role, service, operation)
        if fault is not None:
            self._have_effect(fault, apply)
            sleep(fault.seconds)
            worker.check()
            raise _FaultedError(fault)
        try:
            return apply()
        finally:
            sleep(random.uniform(*self.latency))
            worker.check()

    def _have_effect(self, fault: Fault, apply: Callable[[], Any]) -> None:
        if fault.effect is Effect.DONE:
            _regardless(apply)
        elif fault.effect is Effect.LATE:
            delay = fault.seconds + self.simulation.random.uniform(0, _LATEST)
            self.simulation.spawn(lambda: _regardless(apply), after=delay)


class _FaultedError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def _regardless(apply: Callable[[], Any]) -> None:
    """Nobody hears the answer."""
    try:
        apply()
    except RefusedError:
        return


class _Client:
    """Any operation of a service as a method, retried and refused as botocore does."""

    exceptions = SimpleNamespace(**MODELLED)

    def __init__(self, cloud: Cloud, service: str, worker: Worker) -> None:
        self._cloud = cloud
        self._service = service
        self._worker = worker

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **arguments: self._call(operation, arguments)

    def _call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._cloud.attempt(self._service, operation, arguments, self._worker)
            except RefusedError as refused:
                raise refusal(refused.code, refused.status, operation, refused.fields) from None
            except _FaultedError as faulted:
                fault = faulted.fault
                if not fault.retried or attempt == MAX_ATTEMPTS:
                    raise fault.error(self._service, operation) from None
                self._cloud.simulation.sleep(self._cloud.simulation.random.uniform(0, 1))
        raise AssertionError("unreachable")
