"""The request service as Lambda runs it, on a fake cloud: real routes, stores and sweeper."""

from __future__ import annotations

import base64
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from services.common.runtime.observability import logger, metrics
from services.requests.runtime.api import RequestsApi
from services.requests.runtime.backlog import DynamoBacklog, ExpressWorkflow, StandardWorkflow
from services.requests.runtime.logic import AcceptanceService, in_parallel
from services.requests.runtime.models import PENDING_INDEX
from services.requests.runtime.settings import EXPRESS, STANDARD, Settings
from services.requests.runtime.stores import DynamoRequestTable, S3Payloads
from services.requests.runtime.sweeper import Sweeper
from services.requests.workflow import definition
from tests.support.cloud.account import (
    LATENCY,
    MACHINE_ARN,
    Cloud,
    Faults,
    Worker,
    WorkerDiedError,
    no_faults,
)
from tests.support.cloud.dynamodb import Index
from tests.support.cloud.simulation import SimulatedExecutor, Simulation

Response = Mapping[str, Any]
INDEXES = {PENDING_INDEX: Index("pending", "pending_since")}
CALLER = "AROACALLER:session"
MAX_BODY_BYTES = 64 * 1024
SETTINGS = Settings.parse(
    {
        "ENVIRONMENT": "dev",
        "BUCKET_NAME": "bucket",
        "TABLE_NAME": "table",
        "STATE_MACHINE_ARN": MACHINE_ARN,
        "WORKFLOW_TYPE": "STANDARD",
        "MAX_BODY_BYTES": str(MAX_BODY_BYTES),
    }
)


def log_nothing() -> None:
    """A line for every refused call is too much where most calls are to be refused."""
    logger.setLevel(logging.CRITICAL)


class Stores:
    """The real stores of one worker. Wrong services, which tests must notice, replace some."""

    def __init__(self, cloud: Cloud, worker: Worker) -> None:
        rows = cloud.client("dynamodb", worker)
        self.payloads: Any = S3Payloads(cloud.client("s3", worker), "bucket")
        self.rows: Any = DynamoRequestTable(rows, "table")
        self.backlog: Any = DynamoBacklog(rows, "table")
        # Each is the API's own starter, and what the sweeper asks besides.
        workflow = ExpressWorkflow if cloud.express else StandardWorkflow
        self.workflow: Any = workflow(cloud.client("stepfunctions", worker), cloud.machine.arn)


@dataclass(frozen=True)
class Build:
    """How the service is put together: what to build each part from."""

    stores: Callable[[Cloud, Worker], Stores] = Stores
    acceptance: Callable[..., AcceptanceService] = AcceptanceService
    sweeper: Callable[..., Sweeper] = Sweeper
    definition: Callable[[str], dict[str, Any]] = definition
    workflow_type: str = STANDARD


class Service:
    """Calls of it and sweeps; every one in a worker of its own.

    Both return None when the worker died: API Gateway then answers 502, or nothing in time.
    """

    def __init__(self, cloud: Cloud, build: Build) -> None:
        self._cloud = cloud
        self._build = build
        self._calls = count(1)
        self._executor = SimulatedExecutor(cloud.simulation)
        self._both = partial(in_parallel, on=self._executor)

    def call(self, event: Mapping[str, Any], worker: Worker | None = None) -> Response | None:
        """A proxy event, whose request id is filled in, to the proxy response."""
        worker = worker or Worker()
        event = {**event, "requestContext": {**event["requestContext"]}}
        event["requestContext"]["requestId"] = f"call-{next(self._calls)}"
        try:
            response = self._api(worker).handle(event)
        except WorkerDiedError:
            return None
        finally:
            metrics.clear_metrics()
        return None if worker.dead else response

    def sweep(self, worker: Worker | None = None) -> Any:
        """One run of the scheduled sweeper: what it reports."""
        worker = worker or Worker(role="sweeper")
        stores = self._build.stores(self._cloud, worker)
        sweeper = self._build.sweeper(
            stores.payloads,
            stores.backlog,
            stores.workflow,
            now=self._cloud.now,
            each=lambda look, rows: list(self._executor.map(look, rows)),
        )
        try:
            return sweeper.run()
        except WorkerDiedError:
            return None

    def _api(self, worker: Worker) -> RequestsApi:
        stores = self._build.stores(self._cloud, worker)
        acceptance = self._build.acceptance(
            stores.payloads,
            stores.rows,
            stores.workflow,
            on_deferred_start=lambda *_: None,
            now=self._cloud.now,
            new_id=self._new_id,
            both=self._both,
        )
        return RequestsApi(SETTINGS, acceptance)

    def _new_id(self) -> uuid.UUID:
        return uuid.UUID(int=self._cloud.simulation.random.getrandbits(128), version=4)


def deploy(
    simulation: Simulation,
    *,
    faults: Faults = no_faults,
    build: Build | None = None,
    latency: tuple[float, float] = LATENCY,
) -> tuple[Cloud, Service]:
    """An empty account with the service in it."""
    build = build or Build()
    workflow_type = build.workflow_type
    cloud = Cloud(
        simulation,
        build.definition(workflow_type),
        faults=faults,
        indexes=INDEXES,
        express=workflow_type == EXPRESS,
        latency=latency,
    )
    return cloud, Service(cloud, build)


def post(body: bytes, key: str | None = None, caller: str = CALLER) -> dict[str, Any]:
    """The proxy event of a signed POST."""
    headers = {"Content-Type": ["application/json"]}
    if key is not None:
        headers["Idempotency-Key"] = [key]
    try:
        text, is_base64 = body.decode(), False
    except UnicodeDecodeError:
        text, is_base64 = base64.b64encode(body).decode(), True
    return _event("POST", "/", headers, caller) | {"body": text, "isBase64Encoded": is_base64}


def get(request_id: str) -> dict[str, Any]:
    """The proxy event of a signed GET of one request."""
    event = _event("GET", "/requests/{request_id}", {}, CALLER)
    return event | {"pathParameters": {"request_id": request_id}}


def _event(
    method: str, resource: str, headers: dict[str, list[str]], caller: str
) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "resource": resource,
        "multiValueHeaders": headers,
        "pathParameters": None,
        "requestContext": {"requestId": "", "identity": {"caller": caller}},
        "body": None,
        "isBase64Encoded": False,
    }
