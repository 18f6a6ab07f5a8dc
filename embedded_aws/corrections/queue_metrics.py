"""How much lies in every queue, and since when, measured each minute.

AWS ("Available CloudWatch metrics for Amazon SQS", SQS developer guide,
`sqs-available-cloudwatch-metrics.html`), by QueueName: ApproximateNumberOfMessagesVisible,
-NotVisible and -Delayed, and ApproximateAgeOfOldestMessage in seconds, at one-minute intervals for
queues that are in use. MiniStack measured nothing. What is sent, received and deleted is not
counted here, and an idle queue is measured as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import sqs

from embedded_aws.metrics.alarms import each_minute
from embedded_aws.metrics.datum import Datum
from embedded_aws.metrics.recorder import keep

_COUNTS = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}


def install() -> None:
    """Has all queues measured when a minute ends."""
    each_minute(_measure)


def _measure(minute: float) -> None:
    for (account, region, _), queue in sqs._queues.all_items():
        with request_scope(account, region):
            for datum in _data(queue, minute):
                keep(datum)


def _data(queue: Mapping[str, Any], minute: float) -> Iterator[Datum]:
    sqs._refresh_counts(queue)
    counts = {metric: int(queue["attributes"][name]) for metric, name in _COUNTS.items()}
    # A message that was moved here counts from then on.
    since = [each.get("enqueued_at", each["sent_at"]) for each in list(queue["messages"])]
    dimensions = {"QueueName": queue["name"]}
    for metric, count in counts.items():
        yield Datum("AWS/SQS", metric, count, minute, "Count", dimensions)
    age = time.time() - min(since) if since else 0.0
    yield Datum("AWS/SQS", "ApproximateAgeOfOldestMessage", age, minute, "Seconds", dimensions)
