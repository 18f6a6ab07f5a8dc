"""What is watched of the request service, and when somebody is notified."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from services.common.infrastructure.alarms import PERIOD, Missing, Trigger
from services.common.infrastructure.function import METRICS_NAMESPACE
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.service_monitor import ServiceMonitor
from services.requests.infrastructure import RequestService
from services.requests.runtime.metric_names import SERVICE, Metric

RUNBOOK = "docs/runbooks/requests-service.md"

# Ten times what an acceptance takes on a slow day; callers give up after 29 seconds.
_SLOW_ANSWER = cdk.Duration.seconds(3)
# A sweep that is cut off after 58 seconds leaves rows to the next one.
_SLOW_SWEEP = cdk.Duration.seconds(45)
# Longer than the sweeper waits for a payload before it gives up, which has an alarm of its own.
_OLD = cdk.Duration.minutes(30)
# More rows than a short outage of Step Functions leaves behind.
_MANY_ROWS = 100


def watch(service: RequestService, monitor: Monitor) -> None:
    """Adds the service's alarms and its rows of the dashboard."""
    environment = monitor.environment.name
    watched = ServiceMonitor(monitor, runbook=RUNBOOK)
    watched.api("api", service.api, slow_after=_SLOW_ANSWER)
    watched.function("processor", service.function.function, slow_after=_SLOW_ANSWER)
    watched.state_machine("statemachine", service.state_machine)
    watched.function("sweeper", service.sweeper.function, slow_after=_SLOW_SWEEP)
    watched.schedule("sweeper", service.sweeper.function)
    watched.values(
        "sweeper",
        _sweeper_triggers(environment),
        _emitted(Metric.SWEEP_STARTED, environment),
        _emitted(Metric.SWEEP_SETTLED, environment),
    )
    watched.values(
        "requests",
        [],
        _emitted(Metric.ACCEPTED, environment),
        _emitted(Metric.REPLAYED, environment),
        _emitted(Metric.START_DEFERRED, environment),
    )


def _sweeper_triggers(environment: str) -> list[Trigger]:
    return [
        Trigger(
            "backlog",
            _emitted(Metric.SWEEP_BACKLOG, environment, "Maximum"),
            "Many accepted requests have not been started.",
            above=_MANY_ROWS,
            bad=2,
            of=3,
            missing=Missing.IGNORE,
        ),
        Trigger(
            "age",
            _emitted(Metric.SWEEP_OLDEST_AGE, environment, "Maximum"),
            "An accepted request has waited for its start far too long.",
            above=_OLD.to_seconds(),
            missing=Missing.IGNORE,
        ),
        Trigger(
            "gave-up",
            _emitted(Metric.SWEEP_GAVE_UP, environment),
            "A request was marked as failed because its payload never arrived.",
        ),
        # After a store's short failure the next sweep catches up; three in a row are a fault.
        Trigger(
            "troubled",
            _emitted(Metric.SWEEP_TROUBLED, environment),
            "The sweeper cannot deal with some requests: a store does not answer.",
            bad=3,
            of=3,
        ),
        Trigger(
            "unread",
            _emitted(Metric.SWEEP_UNREAD, environment),
            "The sweeper cannot read its index, so backlog and age look better than they are.",
            bad=3,
            of=3,
        ),
    ]


def _emitted(metric: Metric, environment: str, statistic: str = "Sum") -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={"service": SERVICE, "environment": environment},
        statistic=statistic,
        period=PERIOD,
    )
