"""EventBridge is told when an alarm changes its state.

AWS sends "CloudWatch Alarm State Change" to the account's default bus, for metric and composite
alarms, whoever changed it ("Alarm events and EventBridge", CloudWatch User Guide,
`cloudwatch-and-eventbridge.html`). MiniStack sent nothing, so that a rule on it never matched.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.services import cloudwatch, eventbridge


def install() -> None:
    """Wraps the place through which every change of state goes, after it entered the history."""
    original = cloudwatch._dispatch_alarm_actions

    @functools.wraps(original)
    def dispatch(alarm: dict[str, Any], *change: str) -> None:
        original(alarm, *change)
        entry = {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Resources": [alarm["AlarmArn"]],
            "Detail": json.dumps(_detail(alarm)),
        }
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    cloudwatch._dispatch_alarm_actions = dispatch


def _detail(alarm: Mapping[str, Any]) -> dict[str, Any]:
    name = alarm["AlarmName"]
    history = [each for each in cloudwatch._history_entries() if each["AlarmName"] == name]
    before = history[-2] if len(history) > 1 else None
    return {
        "alarmName": name,
        "state": _state(history[-1]),
        "previousState": _state(before) if before else {"value": "INSUFFICIENT_DATA"},
        "configuration": _configuration(alarm),
    }


def _state(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The state to which an entry of the history led."""
    new = json.loads(entry["HistoryData"])["newState"]
    at = datetime.fromtimestamp(cloudwatch._parse_ts(entry["Timestamp"]), UTC)
    state = {
        "value": new["stateValue"],
        "reason": new["stateReason"],
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000+0000",
    }
    if "stateReasonData" in new:
        state["reasonData"] = json.dumps(new["stateReasonData"])
    return state


def _configuration(alarm: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": alarm.get("AlarmDescription", "")}
    if "AlarmRule" in alarm:
        return {"alarmRule": alarm["AlarmRule"]} | described
    stat = {
        "metric": {
            "namespace": alarm["Namespace"],
            "name": alarm["MetricName"],
            "dimensions": cloudwatch._dims_from_list(alarm.get("Dimensions") or []),
        },
        "period": alarm["Period"],
        "stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
    }
    # The page's examples name a metric by an id that CloudWatch makes up.
    return {"metrics": [{"id": "m1", "metricStat": stat, "returnData": True}]} | described
