"""What Step Functions measures of every execution of a state machine.

AWS ("Monitoring Step Functions metrics using Amazon CloudWatch", Step Functions developer guide,
`procedure-cw-metrics.html`), by StateMachineArn: ExecutionsStarted; ExecutionsSucceeded, -Failed,
-Aborted and -TimedOut, each by how the execution ended; ExecutionTime of those that ended.
MiniStack measured nothing. Nothing is ever held back here, so ExecutionThrottled has no data, and
nothing ends as TIMED_OUT, which the emulator does not know.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.services import stepfunctions

from embedded_aws.metrics.datum import Datum
from embedded_aws.metrics.recorder import record

_BY_STATUS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def install() -> None:
    """Wraps the place that tells EventBridge of every change of an execution's status."""
    original = stepfunctions._emit_execution_status_event

    @functools.wraps(original)
    def emit(execution: Mapping[str, Any]) -> None:
        record(*_data(execution, time.time()))
        original(execution)

    stepfunctions._emit_execution_status_event = emit


def _data(execution: Mapping[str, Any], now: float) -> Iterator[Datum]:
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    metric = _BY_STATUS.get(execution["status"])
    if metric:
        yield Datum("AWS/States", metric, 1, now, "Count", dimensions)
    if execution.get("stopDate"):
        started = stepfunctions._iso_to_epoch_ms(execution["startDate"])
        stopped = stepfunctions._iso_to_epoch_ms(execution["stopDate"])
        time_taken = stopped - started
        yield Datum("AWS/States", "ExecutionTime", time_taken, now, "Milliseconds", dimensions)
