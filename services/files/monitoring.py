"""What is watched of the file service, and when somebody is notified."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from services.common.infrastructure.alarms import PERIOD
from services.common.infrastructure.function import METRICS_NAMESPACE
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.service_monitor import ServiceMonitor
from services.files.infrastructure import FileService
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.metric_names import SERVICE, Metric

RUNBOOK = "docs/runbooks/files-service.md"

# A cold start at 128 MB takes seconds; callers give up after 29.
_SLOW_ANSWER = cdk.Duration.seconds(5)
# Four fifths of the time after which Lambda ends the function: larger files will not make it.
_SLOW_IMAGE = cdk.Duration.seconds(240)
_SLOW_TABLE = cdk.Duration.seconds(144)


def watch(service: FileService, monitor: Monitor) -> None:
    """Adds the service's alarms and its rows of the dashboard."""
    watched = ServiceMonitor(monitor, runbook=RUNBOOK)
    watched.api("files-api", service.api, slow_after=_SLOW_ANSWER)
    watched.function("files-handler", service.handler.function, slow_after=_SLOW_ANSWER)
    for name, processor, slow_after in (
        ("image-processor", service.images, _SLOW_IMAGE),
        ("data-transformer", service.tables, _SLOW_TABLE),
    ):
        watched.function(name, processor.function, slow_after=slow_after)
        watched.asynchronous(name, processor.function)
        watched.dead_letters(f"{name}-dead", processor.dead_letters)
    _show(watched, monitor.environment.name)


def _show(watched: ServiceMonitor, environment: str) -> None:
    watched.values(
        "files",
        [],
        _emitted(Metric.ANNOUNCED, environment),
        _emitted(Metric.REPLAYED, environment),
    )
    for kind in Kind:
        watched.values(
            f"{kind}s",
            [],
            *(
                _emitted(metric, environment, kind)
                for metric in Metric
                if metric not in (Metric.ANNOUNCED, Metric.REPLAYED)
            ),
        )


def _emitted(metric: Metric, environment: str, kind: Kind | None = None) -> cloudwatch.Metric:
    dimensions = {"service": SERVICE, "environment": environment}
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric.value,
        dimensions_map=dimensions | ({"kind": kind.value} if kind else {}),
        statistic="Sum",
        period=PERIOD,
    )
