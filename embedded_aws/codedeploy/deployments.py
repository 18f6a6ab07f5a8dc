"""Operations about deployments: making them, stopping them, answering for hooks, reading.

Source: CodeDeploy API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id

from embedded_aws import answers
from embedded_aws.codedeploy import appspec, views
from embedded_aws.codedeploy.appspec import AppSpec, AppSpecError
from embedded_aws.codedeploy.engine import Engine
from embedded_aws.codedeploy.groups import PAGE, check_alarms, check_rollback
from embedded_aws.codedeploy.model import Deployment, Group
from embedded_aws.json_service import Operation, ServiceError

Members = Mapping[str, Any]

_CONTENT = {"AppSpecContent": "appSpecContent", "String": "string"}
"""The types of a revision that Lambda may have without a bucket, and the member that has it."""
_ANSWERS = ("Succeeded", "Failed")
_OTHER = ("targetInstances", "updateOutdatedInstancesOnly", "ignoreApplicationStopFailures")
"""Members of CreateDeployment that belong to instances."""
_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class Deployments:
    """Answers for the caller's account. The caller holds the state's lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state = engine.state

    def operations(self) -> dict[str, Operation]:
        """By the names that they have in the API."""
        return {
            "BatchGetDeploymentTargets": self._batch_get_targets,
            "BatchGetDeployments": self._batch_get_deployments,
            "CreateDeployment": self._create_deployment,
            "GetApplicationRevision": self._get_revision,
            "GetDeployment": self._get_deployment,
            "GetDeploymentTarget": self._get_target,
            "ListDeploymentTargets": self._list_targets,
            "ListDeployments": self._list_deployments,
            "PutLifecycleEventHookExecutionStatus": self._put_hook_status,
            "StopDeployment": self._stop_deployment,
        }

    def create(
        self, group: Group, spec: AppSpec, creator: str, overrides: Members | None = None
    ) -> Deployment:
        """Starts a deployment. `overrides` are members of CreateDeployment."""
        given = overrides or {}
        alarms = given.get("overrideAlarmConfiguration")
        check_alarms(alarms or {})
        rollbacks = given.get(
            "autoRollbackConfiguration", group.settings.get("autoRollbackConfiguration", {})
        )
        check_rollback(rollbacks)
        name = given.get("deploymentConfigName", group.configuration)
        deployment = Deployment(
            group=group,
            configuration=self._state.configuration(group.account, name),
            appspec=spec,
            creator=creator,
            alarms=alarms or group.settings.get("alarmConfiguration", {}),
            rollbacks=rollbacks,
            description=given.get("description", ""),
            previous=self._previous(group),
            override_alarms=alarms,
        )
        self._engine.start(deployment)
        return deployment

    def _previous(self, group: Group) -> AppSpec | None:
        """What was deployed to the group last, with success."""
        rows = self._state.of_group(group)
        return next((d.appspec for d in rows if d.status == "Succeeded"), None)

    # -- acting --------------------------------------------------------------------------------

    def _create_deployment(self, request: Members) -> views.View:
        account = get_account_id()
        self._state.application(account, request["applicationName"])
        if not request.get("deploymentGroupName"):
            raise ServiceError(
                "DeploymentGroupNameRequiredException", "A deployment group name is required"
            )
        for name in _OTHER:
            if request.get(name):
                raise ServiceError(
                    "InvalidInputException", f"{name} does not go with the compute platform Lambda"
                )
        group = self._state.group(
            account, request["applicationName"], request["deploymentGroupName"]
        )
        return {"deploymentId": self.create(group, _revision(request), "user", request).id}

    def _stop_deployment(self, request: Members) -> views.View:
        deployment = self._deployment(request["deploymentId"])
        self._engine.stop(deployment, roll_back=request.get("autoRollbackEnabled"))
        return {"status": "Pending", "statusMessage": "Stopping the deployment"}

    def _put_hook_status(self, request: Members) -> views.View:
        if not request.get("deploymentId"):
            raise ServiceError("DeploymentIdRequiredException", "A deployment ID is required")
        status = request.get("status")
        if status not in _ANSWERS:
            raise ServiceError(
                "InvalidLifecycleEventHookExecutionStatusException",
                f"The status {status} is none that a hook can have: {' or '.join(_ANSWERS)}",
            )
        execution = request.get("lifecycleEventHookExecutionId", "")
        self._engine.answer(self._deployment(request["deploymentId"]), execution, status)
        return {"lifecycleEventHookExecutionId": execution}

    # -- reading -------------------------------------------------------------------------------

    def _get_deployment(self, request: Members) -> views.View:
        found = self._deployment(request["deploymentId"])
        return {"deploymentInfo": views.deployment(found)}

    def _batch_get_deployments(self, request: Members) -> views.View:
        found = [self._deployment(each) for each in request["deploymentIds"]]
        return {"deploymentsInfo": [views.deployment(each) for each in found]}

    def _list_deployments(self, request: Members) -> views.View:
        rows = [d for d in reversed(self._state.deployments.values()) if self._fits(d, request)]
        return answers.page(request, "deployments", [d.id for d in rows], PAGE)

    def _fits(self, deployment: Deployment, request: Members) -> bool:
        group, statuses = deployment.group, request.get("includeOnlyStatuses")
        span = request.get("createTimeRange", {})
        return (
            group.account == get_account_id()
            and request.get("applicationName") in (None, group.application)
            and request.get("deploymentGroupName") in (None, group.name)
            and (not statuses or deployment.status in statuses)
            and _moment(span.get("start"), _EVER[0]) <= deployment.created
            and deployment.created <= _moment(span.get("end"), _EVER[1])
        )

    def _get_target(self, request: Members) -> views.View:
        found = self._with_target(request["deploymentId"], [request["targetId"]])
        return {"deploymentTarget": views.target(found)}

    def _batch_get_targets(self, request: Members) -> views.View:
        found = self._with_target(request["deploymentId"], request["targetIds"])
        return {"deploymentTargets": [views.target(found)] if request["targetIds"] else []}

    def _list_targets(self, request: Members) -> views.View:
        found = self._deployment(request["deploymentId"])
        wanted = request.get("targetFilters", {}).get("TargetStatus")
        status = views.target(found)["lambdaTarget"]["status"]
        rows = [found.appspec.function] if not wanted or status in wanted else []
        return answers.page(request, "targetIds", rows, PAGE)

    def _with_target(self, deployment_id: str, targets: list[str]) -> Deployment:
        found = self._deployment(deployment_id)
        for name in targets:
            if name != found.appspec.function:
                raise ServiceError(
                    "DeploymentTargetDoesNotExistException",
                    f"The deployment {deployment_id} has no target {name}",
                )
        return found

    def _get_revision(self, request: Members) -> views.View:
        account, name = get_account_id(), request["applicationName"]
        self._state.application(account, name)
        revision = request["revision"]
        member = _CONTENT.get(revision.get("revisionType", ""), "")
        wanted = revision.get(member, {}).get("sha256")
        for (owner, _), deployment in self._state.deployments.items():
            spec = deployment.appspec
            here = (owner, deployment.group.application) == (account, name)
            if here and wanted == spec.sha256:
                shown = {"content": spec.content, "sha256": spec.sha256}
                return {
                    "applicationName": name,
                    "revision": {"revisionType": "AppSpecContent", "appSpecContent": shown},
                    "revisionInfo": {"firstUsedTime": deployment.created.timestamp()},
                }
        raise ServiceError("RevisionDoesNotExistException", "The revision does not exist")

    def _deployment(self, deployment_id: str) -> Deployment:
        return self._state.deployment(get_account_id(), deployment_id)


def _revision(request: Members) -> AppSpec:
    """What is to be deployed, as the request itself has it."""
    revision = request.get("revision")
    if not revision:
        raise ServiceError("RevisionRequiredException", "A revision is required")
    kind = revision.get("revisionType")
    if kind not in _CONTENT:
        raise ServiceError(
            "InvalidRevisionException",
            f"A revision of type {kind} is not offered here: {' or '.join(_CONTENT)} is",
        )
    try:
        return appspec.parse(revision.get(_CONTENT[kind], {}).get("content") or "")
    except AppSpecError as error:
        raise ServiceError(
            "InvalidRevisionException", f"The AppSpec file cannot be used: {error}"
        ) from error


def _moment(given: float | str | None, otherwise: datetime) -> datetime:
    """A timestamp of a request, seconds since the epoch or ISO 8601."""
    if given is None:
        return otherwise
    if isinstance(given, str):
        return datetime.fromisoformat(given).astimezone(UTC)
    return datetime.fromtimestamp(given, UTC)
