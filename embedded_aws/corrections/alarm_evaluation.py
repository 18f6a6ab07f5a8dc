"""Alarms are evaluated by the periods, dimensions and missing values that they ask for.

AWS: see `embedded_aws/metrics/evaluation.py`. MiniStack looked at everything of a metric's name,
whatever its dimensions, as one value over all periods, and only when something was sent to
CloudWatch: an alarm never went back to OK by itself, never noticed that data stopped, and those on
a function's errors never went off. What it cannot evaluate, arithmetic, anomaly detection and
trimmed statistics, it took for something else; that is refused here, by the API and in templates.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch

from embedded_aws.metrics.evaluation import COMPARISONS
from embedded_aws.metrics.recorder import RECORDER

_PERCENTILE = re.compile(r"p\d{1,2}(\.\d+)?|p100")


def install() -> None:
    """Ends MiniStack's own evaluation, tells ours what comes in, and refuses what it cannot do."""
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._store_datum = _telling(cloudwatch._store_datum)
    cloudwatch._put_metric_alarm = _refusing(cloudwatch._put_metric_alarm)
    cloudwatch.cloudformation_put_metric_alarm = _failing(
        cloudwatch.cloudformation_put_metric_alarm
    )


def _telling(original: Any) -> Any:
    @functools.wraps(original)
    def store(namespace: str, name: str, *more: Any) -> None:
        original(namespace, name, *more)
        RECORDER.announce(namespace, name)

    return store


def _refusing(original: Any) -> Any:
    @functools.wraps(original)
    def put(params: Any, body: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        if wrong := _not_offered(body):
            return cloudwatch._error(
                "ValidationError", wrong, 400, use_json=is_json, use_cbor=is_cbor
            )
        return original(params, body, is_cbor, is_json)

    return put


def _failing(original: Any) -> Any:
    @functools.wraps(original)
    def put(alarm: dict[str, Any]) -> None:
        if wrong := _not_offered(alarm):
            raise ValueError(wrong)
        original(alarm)

    return put


def _not_offered(alarm: Mapping[str, Any]) -> str:
    """What is asked for and cannot be evaluated, as a sentence."""
    comparison, statistic = alarm.get("ComparisonOperator"), alarm.get("ExtendedStatistic")
    wrong = "metric math (Metrics)" if alarm.get("Metrics") else ""
    if comparison and comparison not in COMPARISONS:
        wrong = f"anomaly detection ({comparison})"
    if statistic and not _PERCENTILE.fullmatch(statistic):
        wrong = f"the statistic {statistic}: percentiles only"
    return f"The embedded AWS evaluates alarms on one metric, without {wrong}" if wrong else ""
