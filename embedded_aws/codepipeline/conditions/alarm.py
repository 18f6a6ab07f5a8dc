"""The rule `CloudWatchAlarm`: an alarm is, or within the waiting time comes to be, in a state.

Source: CodePipeline user guide, "rule-reference-CloudWatchAlarm": `AlarmStates` are the desired
states, `WaitTime` the minutes to wait for a change. Without `AlarmStates` the page's own example
waits for OK.
"""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws import clock
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients

POLL_SECONDS = 0.5


def watch(context: Context) -> Outcome:
    """Succeeds as soon as the alarm has a desired state, fails when the time is up."""
    configuration = context.configuration
    desired = {s.strip() for s in configuration.get("AlarmStates", "OK").split(",")}
    deadline = time.monotonic() + clock.seconds(_minutes(configuration.get("WaitTime", "0")))
    with ActionClients(context) as clients:
        cloudwatch = clients("cloudwatch")
        while (state := _state(cloudwatch, configuration["AlarmName"])) not in desired:
            if time.monotonic() >= deadline or not context.wait(POLL_SECONDS):
                raise ActionError(
                    f"alarm {configuration['AlarmName']} is {state}, not {' or '.join(desired)}"
                )
    return Outcome(summary=f"alarm {configuration['AlarmName']} is {state}")


def _minutes(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ActionError(f"WaitTime {text} is no number", code="ConfigurationError") from None


def _state(cloudwatch: Any, name: str) -> str:
    try:
        found = cloudwatch.describe_alarms(
            AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise ActionError(f"cannot read alarm {name}: {message}", "PermissionError") from error
    alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
    if not alarms:
        raise ActionError(f"there is no alarm {name}", code="ConfigurationError")
    return str(alarms[0]["StateValue"])
