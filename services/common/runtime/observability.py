"""A function's logger and metrics. What callers send is never logged, nor what we answer.

Service name, namespace and level come from the POWERTOOLS_* variables that the construct sets.
A runtime folder that imports this has aws-lambda-powertools in its lock.
"""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from services.common.runtime.faults import FAULTS, FUNCTION, VERSION

logger = Logger()
metrics = Metrics()


def count(metric: str) -> None:
    """Adds one to a metric, emitted when the invocation ends."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def gauge(metric: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Reports a value as of now, emitted when the invocation ends."""
    metrics.add_metric(name=metric, unit=unit, value=value)


def count_fault() -> None:
    """Counts an answer that is the fault of this version, in a line of its own, at once.

    A deployment of the version is stopped by it. Name and version of the function are in variables
    that Lambda sets ("Defined runtime environment variables", AWS Lambda Developer Guide).
    """
    with single_metric(name=FAULTS, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name=FUNCTION, value=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
        metric.add_dimension(name=VERSION, value=os.environ["AWS_LAMBDA_FUNCTION_VERSION"])
