"""A function's logger and metrics. What callers send is never logged, nor what we answer.

Service name, namespace and level come from the POWERTOOLS_* variables that the construct sets.
A runtime folder that imports this has aws-lambda-powertools in its lock.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()


def count(metric: str) -> None:
    """Adds one to a metric, emitted when the invocation ends."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def gauge(metric: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Reports a value as of now, emitted when the invocation ends."""
    metrics.add_metric(name=metric, unit=unit, value=value)
