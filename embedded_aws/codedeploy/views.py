"""Records as the API shows them: shapes of the CodeDeploy API reference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from embedded_aws.answers import without_none
from embedded_aws.codedeploy.appspec import AppSpec
from embedded_aws.codedeploy.configurations import Configuration
from embedded_aws.codedeploy.model import Application, Deployment, Group, LifecycleEvent

View = dict[str, Any]

_OVERVIEW = {
    "Created": "Pending",
    "InProgress": "InProgress",
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Stopped": "Failed",
}
"""Deployment status -> the count of `deploymentOverview` in which its one target is."""


def application(record: Application) -> View:
    """ApplicationInfo."""
    return {
        "applicationId": record.id,
        "applicationName": record.name,
        "createTime": record.created.timestamp(),
        "linkedToGitHub": False,
        "computePlatform": "Lambda",
    }


def configuration(record: Configuration) -> View:
    """DeploymentConfigInfo."""
    return {
        "deploymentConfigId": record.id,
        "deploymentConfigName": record.name,
        "createTime": record.created.timestamp(),
        "computePlatform": "Lambda",
        "trafficRoutingConfig": dict(record.routing),
    }


def group(record: Group, deployments: Sequence[Deployment]) -> View:
    """DeploymentGroupInfo; `deployments` are the group's, newest first."""
    good = next((d for d in deployments if d.status == "Succeeded"), None)
    return without_none(
        {
            "applicationName": record.application,
            "deploymentGroupId": record.id,
            "deploymentGroupName": record.name,
            "computePlatform": "Lambda",
            **record.settings,
            "targetRevision": revision(good.appspec) if good else None,
            "lastSuccessfulDeployment": _last(good),
            "lastAttemptedDeployment": _last(deployments[0] if deployments else None),
        }
    )


def _last(deployment: Deployment | None) -> View | None:
    if deployment is None:
        return None
    return without_none(
        {
            "deploymentId": deployment.id,
            "status": deployment.status,
            "createTime": deployment.created.timestamp(),
            "endTime": _seconds(deployment.completed),
        }
    )


def revision(appspec: AppSpec) -> View:
    """RevisionLocation; the content itself is GetApplicationRevision's to give."""
    return {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": appspec.sha256}}


def deployment(record: Deployment) -> View:
    """DeploymentInfo."""
    counts = dict.fromkeys(("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready"), 0)
    counts[_OVERVIEW[record.status]] = 1
    return without_none(
        {
            "applicationName": record.group.application,
            "deploymentGroupName": record.group.name,
            "deploymentConfigName": record.configuration.name,
            "deploymentId": record.id,
            "previousRevision": revision(record.previous) if record.previous else None,
            "revision": revision(record.appspec),
            "status": record.status,
            "errorInformation": _error(record),
            "createTime": record.created.timestamp(),
            "startTime": _seconds(record.started),
            "completeTime": _seconds(record.completed),
            "deploymentOverview": counts,
            "description": record.description or None,
            "creator": record.creator,
            "ignoreApplicationStopFailures": False,
            "autoRollbackConfiguration": dict(record.rollbacks) or None,
            "updateOutdatedInstancesOnly": False,
            "rollbackInfo": _rollback(record),
            "deploymentStyle": record.group.settings["deploymentStyle"],
            "instanceTerminationWaitTimeStarted": False,
            "fileExistsBehavior": "DISALLOW",
            "deploymentStatusMessages": [record.ending.message] if record.ending else [],
            "computePlatform": "Lambda",
            "overrideAlarmConfiguration": record.override_alarms,
        }
    )


def _error(record: Deployment) -> View | None:
    ending = record.ending
    return {"code": ending.code, "message": ending.message} if ending else None


def _rollback(record: Deployment) -> View | None:
    if record.is_rollback:
        text = f"Deployment {record.triggered_by} was rolled back by this deployment."
        return {
            "rollbackTriggeringDeploymentId": record.triggered_by,
            "rollbackMessage": text,
        }
    if record.rollback:
        text = f"Deployment {record.id} was rolled back with deployment {record.rollback}."
        return {"rollbackDeploymentId": record.rollback, "rollbackMessage": text}
    if record.ending is None:
        return None
    return {"rollbackMessage": "The deployment was not rolled back: its group does not ask for it."}


def target(record: Deployment) -> View:
    """DeploymentTarget: the one function of a deployment to Lambda."""
    spec, place = record.appspec, record.group.region
    return {
        "deploymentTargetType": "LambdaTarget",
        "lambdaTarget": {
            "deploymentId": record.id,
            "targetId": spec.function,
            "targetArn": f"arn:aws:lambda:{place}:{record.account}:function:{spec.function}",
            "status": _OVERVIEW[record.status],
            "lastUpdatedAt": record.updated.timestamp(),
            "lifecycleEvents": [_event(event, spec) for event in record.events],
            "lambdaFunctionInfo": {
                "functionName": spec.function,
                "functionAlias": spec.alias,
                "currentVersion": spec.current,
                "targetVersion": spec.target,
                "targetVersionWeight": record.weight / 100,
            },
        },
    }


def _event(event: LifecycleEvent, spec: AppSpec) -> View:
    diagnostics = None
    if event.status in ("Succeeded", "Failed"):
        good = event.status == "Succeeded"
        diagnostics = {
            "errorCode": "Success" if good else "ScriptFailed",
            "scriptName": spec.hooks.get(event.name, ""),
            "message": event.message,
            "logTail": "",
        }
    return without_none(
        {
            "lifecycleEventName": event.name,
            "status": event.status,
            "startTime": _seconds(event.started),
            "endTime": _seconds(event.ended),
            "diagnostics": diagnostics,
        }
    )


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
