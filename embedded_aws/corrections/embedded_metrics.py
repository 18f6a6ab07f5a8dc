"""Metrics that a function writes to its log are metrics.

AWS extracts them from every log event in the embedded metric format, whoever wrote it and into
whichever group ("Specification: Embedded metric format", CloudWatch User Guide,
`CloudWatch_Embedded_Metric_Format_Specification.html`). MiniStack kept the lines and no metric, so
that alarms on a function's own metrics never had anything to look at.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from ministack.services import cloudwatch_logs

from embedded_aws.metrics.embedded_format import metrics_of
from embedded_aws.metrics.recorder import record


def install() -> None:
    """Wraps the one place where events are added to a stream of a log."""
    original = cloudwatch_logs._append_log_events

    @functools.wraps(original)
    def append(stream: Any, events: Iterable[Mapping[str, Any]]) -> None:
        added = list(events)
        original(stream, added)
        record(*(datum for event in added for datum in metrics_of(event["message"])))

    cloudwatch_logs._append_log_events = append
