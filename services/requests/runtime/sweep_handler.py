"""The Lambda function that runs the sweeper, called by a schedule; its event holds nothing
that it reads, but for a deployment's probe.

Every run emits every metric `metric_names.Metric.SWEEP_*`, the ones that are 0 included.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from services.common.runtime.observability import gauge, logger, metrics
from services.common.runtime.probe import READY, is_probe
from services.requests.runtime.backlog import connect_sweeper
from services.requests.runtime.metric_names import Metric
from services.requests.runtime.settings import StoreSettings
from services.requests.runtime.sweeper import Look, Outcome, Sweep, Sweeper

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_METRICS = {
    Outcome.STARTED: Metric.SWEEP_STARTED,
    Outcome.GIVEN_UP: Metric.SWEEP_GAVE_UP,
    Outcome.SETTLED: Metric.SWEEP_SETTLED,
    Outcome.TROUBLED: Metric.SWEEP_TROUBLED,
}

# A query or a look is a few calls of up to 8 seconds each; what has begun must end before the
# function does.
RESERVE_MS = 25_000
# Below botocore's ten connections a client; a look waits for AWS most of the time.
HANDS = 8


def _each[T, R](function: Callable[[T], R], items: Iterable[T]) -> Iterable[R]:
    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(function, items))


def _build() -> Sweeper:
    settings = StoreSettings.parse(os.environ)
    metrics.set_default_dimensions(environment=settings.environment)
    return Sweeper(*connect_sweeper(settings), each=_each)


_sweeper = _build()


@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int] | dict[str, str]:
    """Entry point that Lambda calls. Returns how often each outcome occurred.

    A deployment's probe looks at the backlog and leaves it alone: this version may be a bad one.
    """
    if is_probe(event):
        _sweeper.look_only()
        return READY

    def may_go_on() -> bool:
        return context.get_remaining_time_in_millis() > RESERVE_MS

    return report(replace(_sweeper, may_go_on=may_go_on).run())


def report(sweep: Sweep) -> dict[str, int]:
    """Logs what a person should know, emits the run's metrics, and returns the outcomes."""
    for look in sweep.looks:
        _log(look)
    outcomes = Counter(look.outcome for look in sweep.looks)
    for outcome, metric in _METRICS.items():
        gauge(metric, outcomes[outcome])
    gauge(Metric.SWEEP_BACKLOG, sweep.backlog)
    gauge(Metric.SWEEP_OLDEST_AGE, sweep.oldest.total_seconds(), MetricUnit.Seconds)
    gauge(Metric.SWEEP_UNREAD, sweep.unread)
    return {outcome.value: outcomes[outcome] for outcome in Outcome}


def _log(look: Look) -> None:
    facts: dict[str, str] = {"swept": look.row.request_id, "outcome": look.outcome}
    if look.ending is not None:
        logger.error("request failed", extra=facts | {"failure": look.ending.error})
    elif look.cause is not None:
        logger.warning("will look again", extra=facts, exc_info=look.cause)
    else:
        logger.info("looked", extra=facts)
