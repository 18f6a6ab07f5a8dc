"""What CloudWatch says of an alarm that changed its state: to a topic, and to EventBridge.

Sources, CloudWatch User Guide: "Alarm events and EventBridge" for the event's detail; "Notify users
on alarm changes" says that a topic gets JSON, whose members are those of such messages.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import botocore.loaders

Alarm = Mapping[str, Any]
_LONGEST_SUBJECT = 100


def subject(alarm: Alarm) -> str:
    """Of the message to a topic; SNS takes no more than 100 characters."""
    return f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {_region(alarm)}'[:_LONGEST_SUBJECT]


def message(alarm: Alarm, before: str) -> dict[str, Any]:
    """What a topic gets. before: the state that the alarm had."""
    said = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": alarm["AlarmArn"].split(":")[4],
        "AlarmConfigurationUpdatedTimestamp": _iso(alarm["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": alarm["StateValue"],
        "NewStateReason": alarm["StateReason"],
        "StateChangeTime": _iso(alarm["StateUpdatedTimestamp"]),
        "Region": _region(alarm),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": before,
        **{name: alarm.get(name) or [] for name in _ACTIONS},
    }
    if "AlarmRule" in alarm:
        return said | {"AlarmRule": alarm["AlarmRule"]}
    return said | {"Trigger": _trigger(alarm)}


_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def detail(alarm: Alarm, changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the event. changes: the alarm's changes of state in its history, the newest last."""
    before = _state(changes[-2]) if len(changes) > 1 else {"value": "INSUFFICIENT_DATA"}
    return {
        "alarmName": alarm["AlarmName"],
        "state": _state(changes[-1]),
        "previousState": before,
        "configuration": _configuration(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    extended = alarm.get("ExtendedStatistic")
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        **(
            {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
            if extended
            else {"StatisticType": "Statistic", "Statistic": alarm["Statistic"].upper()}
        ),
        "Unit": alarm.get("Unit"),
        "Dimensions": [
            {"value": each["Value"], "name": each["Name"]} for each in alarm["Dimensions"]
        ],
        "Period": alarm["Period"],
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"],
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm["TreatMissingData"],
        "EvaluateLowSampleCountPercentile": "",
    }


def _state(change: Mapping[str, Any]) -> dict[str, Any]:
    """The state to which a change led."""
    new = json.loads(change["HistoryData"])["newState"]
    at = datetime.fromisoformat(change["Timestamp"]).timestamp()
    state = {"value": new["stateValue"], "reason": new["stateReason"], "timestamp": _iso(at)}
    if "stateReasonData" in new:
        state["reasonData"] = json.dumps(new["stateReasonData"])
    return state


def _configuration(alarm: Alarm) -> dict[str, Any]:
    described = {"description": alarm.get("AlarmDescription", "")}
    if "AlarmRule" in alarm:
        return {"alarmRule": alarm["AlarmRule"]} | described
    stat = {
        "metric": {
            "namespace": alarm["Namespace"],
            "name": alarm["MetricName"],
            "dimensions": {each["Name"]: each["Value"] for each in alarm["Dimensions"]},
        },
        "period": alarm["Period"],
        "stat": alarm.get("ExtendedStatistic") or alarm["Statistic"],
    }
    # The page's examples name a metric by an id that CloudWatch makes up.
    return {"metrics": [{"id": "m1", "metricStat": stat, "returnData": True}]} | described


def _region(alarm: Alarm) -> str:
    """As a person calls it: "US West (Oregon)"."""
    code = str(alarm["AlarmArn"]).split(":")[3]
    return _region_names().get(code, code)


@functools.cache
def _region_names() -> dict[str, str]:
    partitions = botocore.loaders.Loader().load_data("endpoints")["partitions"]
    return {
        code: region["description"]
        for partition in partitions
        for code, region in partition["regions"].items()
    }


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
