"""Alarms are evaluated by the periods, dimensions and missing values that they ask for.

AWS: see `embedded_aws/metrics/evaluation.py`. MiniStack looked at everything of a metric's name,
whatever its dimensions, as one value over all periods, and only when something was sent to
CloudWatch: an alarm never went back to OK by itself, never noticed that data stopped, and those on
a function's errors never went off. What it cannot evaluate, arithmetic and anomaly detection, it
took and left alone; that is refused here, as its CloudFormation does.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.services import cloudwatch

from embedded_aws.metrics.evaluation import COMPARISONS
from embedded_aws.metrics.recorder import RECORDER

_REFUSED = "The embedded AWS evaluates alarms on one metric only, without {}"


def install() -> None:
    """Ends MiniStack's own evaluation, tells ours what comes in, and refuses what it cannot do."""
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._store_datum = _telling(cloudwatch._store_datum)
    cloudwatch._put_metric_alarm = _refusing(cloudwatch._put_metric_alarm)


def _telling(original: Any) -> Any:
    @functools.wraps(original)
    def store(namespace: str, name: str, *more: Any) -> None:
        original(namespace, name, *more)
        RECORDER.announce(namespace, name)

    return store


def _refusing(original: Any) -> Any:
    @functools.wraps(original)
    def put(params: Any, body: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        comparison = body.get("ComparisonOperator")
        wrong = "metric math (Metrics)" if body.get("Metrics") else ""
        if comparison is not None and comparison not in COMPARISONS:
            wrong = f"anomaly detection ({comparison})"
        if wrong:
            return cloudwatch._error(
                "ValidationError", _REFUSED.format(wrong), 400, use_json=is_json, use_cbor=is_cbor
            )
        return original(params, body, is_cbor, is_json)

    return put
