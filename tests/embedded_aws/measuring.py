"""Reads metrics and watches alarms in one account of a running emulator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from embedded_aws.clients import Session

PATIENCE = 75.0
"""Longer than a minute, at whose end most alarms are evaluated."""

ABOVE_ZERO = {
    "Statistic": "Sum",
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


class Watcher:
    """Whoever looks at an account's CloudWatch."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.api = session.client("cloudwatch")

    def sum(self, metric: str, **dimensions: str) -> float | None:
        """Of the last hour, None without data. metric: `<namespace>:<name>`."""
        points = self.points(metric, dimensions, Statistics=["Sum"])
        return sum(point["Sum"] for point in points) if points else None

    def points(
        self, metric: str, dimensions: Mapping[str, str], **statistics: Any
    ) -> list[dict[str, Any]]:
        """The values of the last hour's minutes."""
        now = datetime.now(UTC)
        answer = self.api.get_metric_statistics(
            **named(metric, dimensions),
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            **statistics,
        )
        points: list[dict[str, Any]] = answer["Datapoints"]
        return points

    def alarm(self, name: str, metric: str, dimensions: Mapping[str, str], **changed: Any) -> None:
        """One that goes off when the sum of a period is above zero, or as it is changed."""
        settings = ABOVE_ZERO | {"Period": 60} | changed
        self.api.put_metric_alarm(AlarmName=name, **named(metric, dimensions), **settings)

    def state(self, name: str) -> str:
        """An alarm's state."""
        return str(self.described(name)["StateValue"])

    def described(self, name: str) -> dict[str, Any]:
        """An alarm as DescribeAlarms has it."""
        found = self.api.describe_alarms(
            AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        (alarm,) = found["MetricAlarms"] + found["CompositeAlarms"]
        return dict(alarm)

    def becomes(self, name: str, state: str) -> float:
        """Waits for an alarm's state; the seconds that it took."""
        began = time.monotonic()
        until(lambda: self.state(name) == state, f"{name} is {state}")
        return time.monotonic() - began


def named(metric: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    """The members that name a metric in CloudWatch's requests."""
    namespace, _, name = metric.partition(":")
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": listed}


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for a state of the world outside; fails naming it."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.1)


class Mailbox:
    """A queue that gets what is sent to somebody, each message as the document that it is."""

    def __init__(self, session: Session, name: str) -> None:
        self._sqs = session.client("sqs")
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = str(attributes["Attributes"]["QueueArn"])
        senders = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
        statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": self.arn}
        document = {"Version": "2012-10-17", "Statement": [statement | {"Principal": senders}]}
        self._sqs.set_queue_attributes(
            QueueUrl=self.url, Attributes={"Policy": json.dumps(document)}
        )

    def next(self) -> dict[str, Any]:
        """Waits for a message and takes it out."""
        answer = self._sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=20)
        (message,) = answer["Messages"]
        self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return dict(json.loads(message["Body"]))
