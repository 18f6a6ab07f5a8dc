"""Queries answer with what was measured, of exactly the metric that they name.

AWS: "CloudWatch treats each unique combination of dimensions as a separate metric, even if the
metrics have the same metric name" ("Metrics concepts", CloudWatch User Guide,
`cloudwatch_concepts.html`). MiniStack put all of them together for a query that named none, so that
`Invocations` of no function counted each invocation several times. GetMetricData has the newest
value first unless `ScanBy` asks otherwise ("GetMetricData", CloudWatch API Reference); MiniStack
had the oldest there. What our recorder gathers is written before a request is answered.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from ministack.services import cloudwatch

from embedded_aws.metrics.recorder import RECORDER


class _Exactly(dict[str, str]):
    """Dimensions to look for. None of them is a wish, too: it is not false, as an empty dict is."""

    def __bool__(self) -> bool:
        return True


def install() -> None:
    """Wraps the reading of dimensions, the order of data, and what every request begins with."""
    cloudwatch._dims_from_list = _exactly(cloudwatch._dims_from_list)
    cloudwatch._get_metric_data = _ordered(cloudwatch._get_metric_data)
    cloudwatch._evict_old_metrics = _after_writing(cloudwatch._evict_old_metrics)


def _exactly(original: Any) -> Any:
    @functools.wraps(original)
    def read(dimensions: Any) -> dict[str, str]:
        return _Exactly(original(dimensions))

    return read


def _ordered(original: Any) -> Any:
    @functools.wraps(original)
    def get(params: Any, asked: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        status, headers, body = original(params, asked, is_cbor, is_json)
        if not is_json or asked.get("ScanBy") == "TimestampAscending":
            return status, headers, body
        document = json.loads(body)
        for result in document.get("MetricDataResults", ()):
            result["Timestamps"].reverse()
            result["Values"].reverse()
        return status, headers, json.dumps(document).encode()

    return get


def _after_writing(original: Any) -> Any:
    @functools.wraps(original)
    def evict() -> None:
        RECORDER.write()
        original()

    return evict
