"""The alarms of a deployment: one of them in ALARM ends it.

Source: "Monitoring deployments with CloudWatch alarms in CodeDeploy", CodeDeploy user guide, and
`AlarmConfiguration` of the API reference: what cannot be read fails the deployment, too, unless
`ignorePollAlarmFailure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codedeploy.acting import Clients, DeploymentError, denied, reason
from embedded_aws.codedeploy.model import Deployment, Ending


def look(deployment: Deployment, role: Clients) -> None:
    """Returns when no alarm is active, else raises `DeploymentError`."""
    names = [alarm["name"] for alarm in deployment.alarms.get("alarms", ())]
    if not names or not deployment.alarms.get("enabled"):
        return
    found, trouble = _states(role, names)
    if trouble is not None and not deployment.alarms.get("ignorePollAlarmFailure"):
        raise DeploymentError(trouble)
    active = sorted(name for name, state in found.items() if state == "ALARM")
    if active:
        raise DeploymentError(
            Ending(
                "ALARM_ACTIVE",
                "One or more alarms have been activated according to the Amazon CloudWatch "
                "metrics you selected, and the affected deployments have been stopped. "
                f"Activated alarms: {', '.join(active)}",
                "Stopped",
                "DEPLOYMENT_STOP_ON_ALARM",
            )
        )


def _states(role: Clients, names: Sequence[str]) -> tuple[dict[str, str], Ending | None]:
    """The alarms' states by name, and why they are not all known, if they are not."""
    try:
        answer = role("cloudwatch").describe_alarms(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
    except ClientError as error:
        code = "IAM_ROLE_PERMISSIONS" if denied(error) else "INTERNAL_ERROR"
        return {}, Ending(code, f"The state of the alarms could not be read: {reason(error)}")
    rows: list[Any] = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    found = {row["AlarmName"]: row["StateValue"] for row in rows}
    missing = sorted(set(names) - found.keys())
    if missing:
        text = f"These alarms do not exist: {', '.join(missing)}"
        return found, Ending("CODEDEPLOY_RESOURCE_CANNOT_BE_FOUND", text)
    return found, None
