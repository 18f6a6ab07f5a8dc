"""What Lambda measures of every invocation, however it came about.

AWS ("Types of metrics for Lambda functions", Lambda developer guide,
`monitoring-metrics-types.html`, "Viewing metrics for Lambda functions"): an invocation that ran
counts in Invocations and, as 0 or 1, in Errors, with its Duration, at the time when it began; one
that was throttled counts in Throttles alone. Each for the account, the function, and where an alias
or version was invoked, by `Resource`; with an alias that has weights, by `ExecutedVersion` too.

MiniStack measured what came through the Invoke API, by function: a throttle as an invocation, too,
and an asynchronous one that had not run yet as a success. What API Gateway, EventBridge and Step
Functions invoked it did not measure. Duration is without the initialization, as at AWS.
"""

from __future__ import annotations

import functools
import threading
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from embedded_aws.metrics.functions import measure

_thread = threading.local()
"""Of the invocation that a thread runs: the seconds that its initialization took."""


def install() -> None:
    """Wraps the two places that every invocation passes, and the start of an environment."""
    lambda_svc._emit_lambda_metrics = lambda *_, **__: None
    lambda_svc._acquire_execution_slot = _counting_throttles(lambda_svc._acquire_execution_slot)
    lambda_svc._execute_function_dispatch = _measured(lambda_svc._execute_function_dispatch)
    lambda_runtime.Worker._spawn = _timed(lambda_runtime.Worker._spawn)


def _counting_throttles(original: Any) -> Any:
    @functools.wraps(original)
    def acquire(function: Any, config: dict[str, Any]) -> Any:
        slot = original(function, config)
        if slot[0] is None:
            measure(config, time.time(), Throttles=1)
        return slot

    return acquire


def _measured(original: Any) -> Any:
    @functools.wraps(original)
    def dispatch(
        function: Any, config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> Any:
        _thread.initialized = 0.0
        running = lambda_svc.executions_in_flight()[1].get(lambda_svc._inflight_key(config), 1)
        result = original(function, config, event, request_id, started)
        seconds = time.time() - started - _thread.initialized
        if result.get("throttle"):
            measure(config, started, Throttles=1)
            return result
        error = int(bool(result.get("error")))
        measure(config, started, Invocations=1, Errors=error, Throttles=0)
        measure(config, started, ConcurrentExecutions=running)
        measure(config, started, unit="Milliseconds", Duration=round(1000 * seconds, 2))
        return result

    return dispatch


def _timed(original: Any) -> Any:
    @functools.wraps(original)
    def spawn(*worker: Any) -> None:
        began = time.time()
        try:
            original(*worker)
        finally:
            _thread.initialized = time.time() - began

    return spawn
