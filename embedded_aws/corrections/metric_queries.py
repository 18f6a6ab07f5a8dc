"""Queries answer with what was measured, of exactly the metric that they name.

AWS: "CloudWatch treats each unique combination of dimensions as a separate metric, even if the
metrics have the same metric name" ("Metrics concepts", CloudWatch User Guide,
`cloudwatch_concepts.html`). MiniStack put all of them together for a query that named none, so that
`Invocations` of no function counted each invocation several times. What our recorder gathers is
written before a request is answered.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.services import cloudwatch

from embedded_aws.metrics.recorder import RECORDER


class _Exactly(dict[str, str]):
    """Dimensions to look for. None of them is a wish, too: it is not false, as an empty dict is."""

    def __bool__(self) -> bool:
        return True


def install() -> None:
    """Wraps the reading of dimensions, and what every request begins with."""
    cloudwatch._dims_from_list = _exactly(cloudwatch._dims_from_list)
    cloudwatch._evict_old_metrics = _after_writing(cloudwatch._evict_old_metrics)


def _exactly(original: Any) -> Any:
    @functools.wraps(original)
    def read(dimensions: Any) -> dict[str, str]:
        return _Exactly(original(dimensions))

    return read


def _after_writing(original: Any) -> Any:
    @functools.wraps(original)
    def evict() -> None:
        RECORDER.write()
        original()

    return evict
