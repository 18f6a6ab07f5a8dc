"""Who should know that an alarm changed its state is told: its topics, and EventBridge.

AWS publishes to a topic as `cloudwatch.amazonaws.com`, if the topic's policy lets it ("Using Amazon
SNS with CloudWatch alarms", CloudWatch User Guide), and says in the alarm's history whether it did;
and it sends "CloudWatch Alarm State Change" to the account's default bus ("Alarm events and
EventBridge", `cloudwatch-and-eventbridge.html`), for metric and composite alarms, whoever changed
them. MiniStack published whatever the policy said, without the alarm's ARN, under the name of
another statistic where that was a percentile, and sent no event.
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

from ministack.services import cloudwatch, eventbridge, sns

from embedded_aws.metrics import notices

_ACTIONS = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}
_SERVICE = "cloudwatch.amazonaws.com"
_log = logging.getLogger("embedded_aws.alarms")


def install() -> None:
    """Replaces the place through which every change of state goes, when the history has it."""
    cloudwatch._dispatch_alarm_actions = _tell


def _tell(alarm: dict[str, Any], before: str, state: str, _reason: str) -> None:
    changes = [
        entry
        for entry in cloudwatch._history_entries()
        if entry["AlarmName"] == alarm["AlarmName"] and entry["HistoryItemType"] == "StateUpdate"
    ]
    if alarm.get("ActionsEnabled", True):
        subject = notices.subject(alarm)
        message = json.dumps(notices.message(alarm, before))
        for action in alarm.get(_ACTIONS[state]) or ():
            _publish(alarm, action, subject, message)
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Resources": [alarm["AlarmArn"]],
        "Detail": json.dumps(notices.detail(alarm, changes)),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _publish(alarm: dict[str, Any], action: str, subject: str, message: str) -> None:
    if not cloudwatch._is_sns_action_arn(action):
        _log.warning("%s: only topics are told of alarms here, not %s", alarm["AlarmArn"], action)
        return
    account = alarm["AlarmArn"].split(":")[4]
    if sns.topic_policy_allows(action, _SERVICE, alarm["AlarmArn"], account):
        sns._fanout(action, str(uuid.uuid4()), message, subject)
        _record(alarm, f"Successfully executed action {action}")
        return
    _log.warning("%s may not publish to %s: its policy lacks it", alarm["AlarmArn"], action)
    _record(alarm, f"Failed to execute action {action}")


def _record(alarm: dict[str, Any], summary: str) -> None:
    """An entry of the history, with the members of those that MiniStack writes."""
    newest = cloudwatch._history_entries()[-1]
    entry = {"AlarmName": alarm["AlarmName"], "HistoryItemType": "Action", "HistoryData": "{}"}
    cloudwatch._history_entries().append(newest | entry | {"HistorySummary": summary})
