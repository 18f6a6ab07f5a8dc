"""What people are told of a delivery on the embedded AWS, from its events to the message.

Proves that rules of EventBridge fire on a pipeline's events, that what the teller reads then makes
the message, and that what a topic publishes can be waited for. The rules, the function's own role
and its queue are those of the pipeline's template: tests/template/test_pipeline_notifications.py,
and every rehearsal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from embedded_aws.outbox import Message, Outbox
from notifications.news import Newsroom
from notifications.teller import tell
from ops.pipeline import Pipeline
from tests.embedded_aws.delivery import GOOD, PATIENCE, Delivery
from tests.embedded_aws.emulated import REGION, TOOLS

ADDRESS = "team@example.com"
QUEUE = "told"
PATTERN = {"source": ["aws.codepipeline"], "detail": {"pipeline": ["delivery"]}}
BROKEN = json.dumps({"Resources": {"Topic": {"Type": "AWS::Nothing::Here"}}})


@dataclass
class Teller:
    """Events wait in a queue for it; it tells of each when it is asked to."""

    delivery: Delivery
    news: Newsroom
    topic: str
    url: str
    outbox: Outbox
    seen: list[dict[str, Any]] = field(default_factory=list)

    def work(self) -> None:
        """Tells of the events that wait, oldest first."""
        sqs = self.delivery.client("sqs")
        waiting = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for each in waiting.get("Messages", []):
            event = json.loads(each["Body"])
            self.seen.append(event)
            tell(self.news, self.delivery.client, self.topic, event)
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])

    def first(self, headline: str, after: float) -> Message:
        """The first message that begins so and came after that moment."""

        def there() -> bool:
            self.work()
            return bool(self._found(headline, after))

        self.delivery.until(there, f"a message {headline}")
        return self._found(headline, after)[0]

    def _found(self, headline: str, after: float) -> list[Message]:
        return [
            each
            for each in self.outbox.messages(self.topic)
            if each.at > after and each.text.startswith(headline)
        ]


@pytest.fixture(scope="module")
def teller(delivery: Delivery) -> Iterator[Teller]:
    sqs, sns, events = (delivery.client(each) for each in ("sqs", "sns", "events"))
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ADDRESS)
    events.put_rule(Name=QUEUE, EventPattern=json.dumps(PATTERN))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{TOOLS}:{QUEUE}"}
    events.put_targets(Rule=QUEUE, Targets=[target])
    news = Newsroom(Pipeline("delivery", delivery.client), REGION, "dev", _no_record)
    yield Teller(delivery, news, topic, url, Outbox(delivery.server.root))
    events.remove_targets(Rule=QUEUE, Ids=["queue"])
    events.delete_rule(Name=QUEUE)


def pushed(teller: Teller, message: str, template: str) -> tuple[str, float]:
    """(execution, when the message before it came) of a commit that is pushed now."""
    told = teller.outbox.messages(teller.topic)
    teller.delivery.commit_and_push(message, stack_json=template)
    return teller.delivery.newest()["pipelineExecutionId"], told[-1].at if told else 0.0


def answered(teller: Teller, verdict: str) -> None:
    delivery = teller.delivery
    pending = Pipeline("delivery", delivery.client).pending_approval()
    assert pending is not None
    Pipeline("delivery", delivery.client).answer(
        pending, approved=verdict == "yes", reason="because"
    )


def test_a_release_is_told_when_it_waits_and_when_it_is_delivered(teller: Teller) -> None:
    execution, since = pushed(teller, "Make the topic", json.dumps(GOOD))
    asked = teller.first("APPROVAL NEEDED", since)
    commit = Pipeline("delivery", teller.delivery.client).execution(execution).commit or ""
    assert f"{commit[:8]} “Make the topic” waits at Promote/Approve" in asked.text
    assert "Deploy Make the topic?" in asked.text
    assert asked.to == (ADDRESS,)
    answered(teller, "yes")
    told = teller.first("DELIVERED", since)
    assert f"{commit[:8]} “Make the topic” serves dev" in told.text
    assert execution in told.text
    assert teller.outbox.wait(lambda messages: messages[-1], PATIENCE) == told


def test_a_failure_is_told_with_the_action_and_what_it_said(teller: Teller) -> None:
    _, since = pushed(teller, "Break the topic", BROKEN)
    teller.first("APPROVAL NEEDED", since)
    answered(teller, "yes")
    told = teller.first("FAILED", since)
    headline, said, *_ = told.text.splitlines()
    assert "“Break the topic” at Dev/" in headline
    assert said


def test_what_nobody_approved_is_told_once_and_late_events_tell_nothing(teller: Teller) -> None:
    _, since = pushed(teller, "Change nothing", json.dumps(GOOD))
    teller.first("APPROVAL NEEDED", since)
    answered(teller, "no")
    told = teller.first("NOT APPROVED", since)
    assert "because" in told.text
    before = len(teller.outbox.messages(teller.topic))
    asked = [each for each in teller.seen if _is_approval(each)]
    for event in asked:
        tell(teller.news, teller.delivery.client, teller.topic, event)
    assert asked
    assert len(teller.outbox.messages(teller.topic)) == before


def _no_record(bucket: str, key: str) -> Mapping[str, Any]:
    raise AssertionError(f"nothing here is about {bucket}/{key}")


def _is_approval(event: Mapping[str, Any]) -> bool:
    detail = event["detail"]
    return detail.get("type", {}).get("category") == "Approval" and detail["state"] == "STARTED"
