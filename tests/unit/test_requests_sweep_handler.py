"""A sweep says what it found, in numbers for alarms and in words for people.

Proved on the function's real entry point over in-memory stores. Not proved: that CloudWatch reads
the metrics out of the log.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from services.common.runtime.observability import metrics
from services.common.runtime.problems import UnavailableError
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.metric_names import Metric
from services.requests.runtime.models import Row, Submission
from services.requests.runtime.sweeper import Sweeper
from tests.support.request_stores import RequestStores

LONG_AGO = timedelta(minutes=20)
VARIABLES = {
    "ENVIRONMENT": "dev",
    "BUCKET_NAME": "bucket",
    "TABLE_NAME": "table",
    "STATE_MACHINE_ARN": "arn:aws:states:us-west-2:222222222222:stateMachine:machine",
    "AWS_DEFAULT_REGION": "us-west-2",
}


@dataclass
class Context:
    """What the function reads of Lambda's context."""

    remaining: int = 58_000
    function_name: str = "tap-dev-sweeper"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn"
    aws_request_id: str = "id"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


class Hurry(Context):
    """Time for the sixteen queries, and then no more."""

    def get_remaining_time_in_millis(self) -> int:
        self.remaining -= 1_000
        return self.remaining if self.remaining >= 42_000 else 10_000


@pytest.fixture
def stores() -> RequestStores:
    return RequestStores()


@pytest.fixture
def function(stores: RequestStores, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The function's module, with in-memory stores in place of AWS."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("services.requests.runtime.sweep_handler")
    # Powertools reads its variables when it is first imported, by whichever test comes first.
    monkeypatch.setattr(metrics.provider, "namespace", "Tap")
    sweeper = Sweeper(stores, stores, stores, each=module._each)
    monkeypatch.setattr(module, "_sweeper", sweeper)
    yield module
    metrics.clear_metrics()


def accepted_long_ago(stores: RequestStores, lost: str) -> Row:
    acceptance = AcceptanceService(
        stores, stores, stores, lambda *_: None, now=lambda: datetime.now(UTC) - LONG_AGO
    )
    before = set(stores.rows)
    stores.fail_before.add(lost)
    with contextlib.suppress(UnavailableError):
        acceptance.accept(Submission(b"{}", "AROAONE", "call", str(len(before))))
    stores.fail_before.clear()
    (request_id,) = set(stores.rows) - before
    return stores.rows[request_id]


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The values of the metrics that the run wrote to its log."""
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]
    found: dict[str, Any] = {}
    for document in documents:
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            names = [metric["Name"] for metric in directive["Metrics"]]
            found |= {name: document[name][0] for name in names}
    return found


def test_a_run_without_findings_says_zero(
    function: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    function.handler({}, Context())
    values = emitted(capsys)
    sweeps = {metric for metric in Metric if metric.startswith("Sweep")}
    assert {name: values[name] for name in sweeps} == dict.fromkeys(sweeps, 0)


def test_a_run_counts_what_it_did(
    function: ModuleType, stores: RequestStores, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted_long_ago(stores, "start")
    abandoned = accepted_long_ago(stores, "put")
    stores.rows[abandoned.request_id] = replace(abandoned, closed_at="a while ago")
    outcomes = function.handler({}, Context())
    assert (outcomes["Started"], outcomes["GivenUp"]) == (1, 1)
    values = emitted(capsys)
    assert values[Metric.SWEEP_BACKLOG] == 2
    assert values[Metric.SWEEP_STARTED] == 1
    assert values[Metric.SWEEP_GAVE_UP] == 1
    assert values[Metric.SWEEP_OLDEST_AGE] >= LONG_AGO.total_seconds()


def test_a_part_of_the_index_that_does_not_answer_is_counted(
    function: ModuleType, stores: RequestStores, capsys: pytest.CaptureFixture[str]
) -> None:
    stores.fail_before.add("pending")
    function.handler({}, Context())
    assert emitted(capsys)[Metric.SWEEP_UNREAD] == 16


def test_a_run_leaves_rows_to_the_next_when_its_time_is_nearly_over(
    function: ModuleType, stores: RequestStores
) -> None:
    accepted_long_ago(stores, "start")
    assert function.handler({}, Hurry())["Left"] == 1
    assert stores.started == []


def test_a_run_whose_time_is_over_before_it_began_still_says_what_it_did_not_see(
    function: ModuleType, stores: RequestStores, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted_long_ago(stores, "start")
    function.handler({}, Context(remaining=10_000))
    values = emitted(capsys)
    assert (values[Metric.SWEEP_UNREAD], values[Metric.SWEEP_STARTED]) == (16, 0)
