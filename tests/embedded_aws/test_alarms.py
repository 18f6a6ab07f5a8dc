"""Alarms on the running emulator: they go off, are over, and tell whoever should know.

Everything that waits for the end of a period waits at once: the alarms are made first, then looked
at. Proved for a function that raises, for missing data in every mode, a queue, a composite alarm,
notifications and events. What the states should be is held against the guide's tables in
`test_alarm_evaluation.py`. Not proved: that a topic's key admits CloudWatch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.emulated import DEV, Credentials, Server, Session
from tests.embedded_aws.measuring import ABOVE_ZERO, PATIENCE, Mailbox, Watcher, named, until
from tests.support import aws

# Counts its failures by the second, so that an alarm of ten seconds can look at them.
CODE = """
import json, time
def handler(event, context):
    metric = {"Name": "Failed", "Unit": "Count", "StorageResolution": 1}
    directive = {"Namespace": "Till", "Dimensions": [["service"]], "Metrics": [metric]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": metadata, "service": "till", "Failed": int("raise" in event)}))
    if "raise" in event:
        raise ValueError(event["raise"])
"""
FUNCTION = {"FunctionName": "watched"}
FAILED = {"service": "till"}
MODES = {
    "missing": "INSUFFICIENT_DATA",
    "ignore": "INSUFFICIENT_DATA",
    "breaching": "ALARM",
    "notBreaching": "OK",
}


@pytest.fixture(scope="module")
def session(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    return emulator.session(administrators[DEV])


@pytest.fixture(scope="module")
def letters(session: Session) -> Mailbox:
    """A queue in which something lies from the beginning, with an alarm on that."""
    made = Mailbox(session, "watched-letters")
    session.client("sqs").send_message(QueueUrl=made.url, MessageBody="{}")
    return made


@pytest.fixture(scope="module")
def notices(session: Session) -> Mailbox:
    """What an alarm's topic sends."""
    return Mailbox(session, "alarm-notices")


@pytest.fixture(scope="module")
def events(session: Session) -> Mailbox:
    """What EventBridge sends of the alarms on the function."""
    made = Mailbox(session, "alarm-events")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": ["errors"]},
    }
    rules = session.client("events")
    rules.put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    rules.put_targets(Rule="alarms", Targets=[{"Id": "queue", "Arn": made.arn}])
    return made


@pytest.fixture(scope="module")
def watcher(session: Session, letters: Mailbox, notices: Mailbox, events: Mailbox) -> Watcher:
    """All alarms are there; the function was made and has not run."""
    assert letters
    assert events
    made = Watcher(session)
    topic = session.client("sns").create_topic(Name="on-call")["TopicArn"]
    session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=notices.arn)
    for mode in MODES:
        made.alarm(f"mode-{mode}", "Till:Nothing", {}, Period=10, TreatMissingData=mode)
    depth = "AWS/SQS:ApproximateNumberOfMessagesVisible"
    made.alarm("letters", depth, {"QueueName": "watched-letters"}, Statistic="Maximum")
    tells = {"AlarmActions": [topic], "OKActions": [topic], "TreatMissingData": "ignore"}
    made.alarm("errors", "AWS/Lambda:Errors", FUNCTION, **tells)
    made.alarm("failures", "Till:Failed", FAILED, Period=10, TreatMissingData="notBreaching")
    made.alarm("others", "AWS/Lambda:Errors", {"FunctionName": "another"})
    made.api.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(errors) OR ALARM(others)")
    aws.function(session, "watched", CODE)
    return made


def test_a_function_that_raises_sets_its_alarm_off_at_once(
    session: Session, watcher: Watcher
) -> None:
    aws.invoke(session, "watched", {"raise": "broken"})
    assert watcher.becomes("errors", "ALARM") < 20  # nobody waits for the end of a minute
    alarm = watcher.described("errors")
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [1.0")
    assert json.loads(alarm["StateReasonData"])["threshold"] == 0.0
    assert alarm["StateUpdatedTimestamp"] >= alarm["AlarmConfigurationUpdatedTimestamp"]
    assert watcher.state("others") != "ALARM"
    assert watcher.state("any") == "ALARM"


def test_its_topic_and_event_bus_are_told(
    watcher: Watcher, notices: Mailbox, events: Mailbox
) -> None:
    said = json.loads(notices.next()["Message"])
    assert (said["AlarmName"], said["NewStateValue"]) == ("errors", "ALARM")
    assert said["OldStateValue"] == "INSUFFICIENT_DATA"
    assert said["AlarmArn"] == watcher.described("errors")["AlarmArn"]
    assert (said["Region"], said["AWSAccountId"]) == ("US West (Oregon)", DEV)
    assert said["Trigger"]["Dimensions"] == [{"name": "FunctionName", "value": "watched"}]
    event = events.next()
    assert event["resources"] == [watcher.described("errors")["AlarmArn"]]
    detail = event["detail"]
    assert detail["state"]["value"] == "ALARM"
    assert detail["state"]["reason"] == said["NewStateReason"]
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    (metric,) = detail["configuration"]["metrics"]
    assert metric["metricStat"]["metric"] == {
        "namespace": "AWS/Lambda",
        "name": "Errors",
        "dimensions": FUNCTION,
    }


def test_its_history_has_the_change(watcher: Watcher) -> None:
    items = watcher.api.describe_alarm_history(AlarmName="errors")["AlarmHistoryItems"]
    done, change = items[:2]
    assert done["HistorySummary"].startswith("Successfully executed action arn:aws:sns:")
    assert change["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(change["HistoryData"])["newState"]["stateValue"] == "ALARM"


def test_a_topic_whose_policy_lacks_cloudwatch_is_not_told(
    session: Session, watcher: Watcher, emulator: Server
) -> None:
    sns = session.client("sns")
    topic = sns.create_topic(Name="closed")["TopicArn"]
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    other = statement | {"Principal": {"Service": "s3.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [other]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    watcher.alarm("muted", "Till:Nothing", {}, AlarmActions=[topic])
    watcher.api.set_alarm_state(AlarmName="muted", StateValue="ALARM", StateReason="a test")
    newest = watcher.api.describe_alarm_history(AlarmName="muted")["AlarmHistoryItems"][0]
    assert newest["HistorySummary"] == f"Failed to execute action {topic}"
    assert f"may not publish to {topic}: its policy lacks it" in emulator.log.read_text()


def test_an_alarm_on_what_a_raising_function_wrote_goes_off_and_is_over(
    session: Session, watcher: Watcher
) -> None:
    aws.invoke(session, "watched", {"raise": "broken"})
    watcher.becomes("failures", "ALARM")

    def over() -> bool:
        aws.invoke(session, "watched", {})
        return watcher.state("failures") == "OK"

    until(over, "failures is over")


@pytest.mark.parametrize(("mode", "state"), MODES.items())
def test_without_any_data_an_alarm_is_what_its_mode_says(
    watcher: Watcher, mode: str, state: str
) -> None:
    until(lambda: watcher.state("mode-breaching") == "ALARM", "a period ended")
    assert watcher.state(f"mode-{mode}") == state


def test_a_queue_that_is_not_empty_is_noticed_when_the_minute_ends(watcher: Watcher) -> None:
    watcher.becomes("letters", "ALARM")
    by = {"QueueName": "watched-letters"}
    (point, *_) = watcher.points(
        "AWS/SQS:ApproximateAgeOfOldestMessage", by, Statistics=["Maximum"]
    )
    assert 0 < point["Maximum"] < 10 * PATIENCE


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"Metrics": [{"Id": "e1", "Expression": "1 + 1"}]}, "metric math"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "anomaly detection"),
        ({"ExtendedStatistic": "tm99"}, "the statistic tm99"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(
    watcher: Watcher, changed: dict[str, Any], what: str
) -> None:
    with pytest.raises(ClientError, match=what):
        watcher.alarm("never", "Till:Failed", FAILED, **changed)


def test_a_template_with_what_cannot_be_evaluated_fails(session: Session) -> None:
    properties = named("Till:Failed", FAILED) | ABOVE_ZERO | {"Period": 60}
    del properties["Statistic"]
    alarm = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": properties | {"ExtendedStatistic": "tm99"},
    }
    stacks = session.client("cloudformation")
    stacks.create_stack(
        StackName="trimmed", TemplateBody=json.dumps({"Resources": {"Alarm": alarm}})
    )

    def reasons() -> list[str]:
        events = stacks.describe_stack_events(StackName="trimmed")["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events]

    until(lambda: any("the statistic tm99" in reason for reason in reasons()), "it is refused")
