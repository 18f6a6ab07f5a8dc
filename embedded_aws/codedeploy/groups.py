"""Operations about applications, deployment configurations and deployment groups.

Source: CodeDeploy API reference. Only what belongs to the compute platform Lambda is offered, and
everything else is refused by name. CloudFormation's types call the same operations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region

from embedded_aws import answers
from embedded_aws.codedeploy import views
from embedded_aws.codedeploy.configurations import (
    ALL_AT_ONCE,
    PREDEFINED,
    Configuration,
    RoutingError,
    checked,
)
from embedded_aws.codedeploy.model import Application, Group
from embedded_aws.codedeploy.state import State
from embedded_aws.json_service import Operation, ServiceError

Members = Mapping[str, Any]

PLATFORM = "Lambda"
STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
"""The one deployment style that there is for Lambda."""
MOST_ALARMS = 10
PAGE = 100
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_KEPT = frozenset(
    {
        "deploymentConfigName",
        "serviceRoleArn",
        "alarmConfiguration",
        "autoRollbackConfiguration",
        "deploymentStyle",
    }
)
"""The members of a group that say how it deploys to Lambda."""
_NAMING = frozenset(
    {"applicationName", "deploymentGroupName", "currentDeploymentGroupName", "tags"}
)
_NAMING |= {"newDeploymentGroupName"}


class Groups:
    """Answers for the caller's account. The caller holds the state's lock."""

    def __init__(self, state: State) -> None:
        self._state = state

    def operations(self) -> dict[str, Operation]:
        """By the names that they have in the API."""
        return {
            "BatchGetApplications": self._batch_get_applications,
            "BatchGetDeploymentGroups": self._batch_get_groups,
            "CreateApplication": self._create_application,
            "CreateDeploymentConfig": self._create_configuration,
            "CreateDeploymentGroup": self._create_group,
            "DeleteApplication": self._delete_application,
            "DeleteDeploymentConfig": self._delete_configuration,
            "DeleteDeploymentGroup": self._delete_group,
            "GetApplication": self._get_application,
            "GetDeploymentConfig": self._get_configuration,
            "GetDeploymentGroup": self._get_group,
            "ListApplications": self._list_applications,
            "ListDeploymentConfigs": self._list_configurations,
            "ListDeploymentGroups": self._list_groups,
            "UpdateDeploymentGroup": self._update_group,
        }

    # -- applications --------------------------------------------------------------------------

    def _create_application(self, request: Members) -> views.View:
        """CreateApplication."""
        account, name = get_account_id(), request["applicationName"]
        if (platform := request.get("computePlatform", "Server")) != PLATFORM:
            raise ServiceError(
                "InvalidComputePlatformException",
                f"The compute platform {platform} is not offered here, only {PLATFORM} is",
            )
        if (account, name) in self._state.applications:
            raise ServiceError(
                "ApplicationAlreadyExistsException", f"Application already exists: {name}"
            )
        application = Application(account, name, tags=_tags(request))
        self._state.applications[account, name] = application
        return {"applicationId": application.id}

    def _delete_application(self, request: Members) -> views.View:
        """DeleteApplication, with its groups; one that is not there is fine, as at AWS."""
        account, name = get_account_id(), request["applicationName"]
        for key in [k for k in self._state.groups if k[:2] == (account, name)]:
            self._refuse_active(self._state.groups[key])
            del self._state.groups[key]
        self._state.applications.pop((account, name), None)
        return {}

    def _get_application(self, request: Members) -> views.View:
        found = self._state.application(get_account_id(), request["applicationName"])
        return {"application": views.application(found)}

    def _batch_get_applications(self, request: Members) -> views.View:
        each = [self._state.application(get_account_id(), n) for n in request["applicationNames"]]
        return {"applicationsInfo": [views.application(a) for a in each]}

    def _list_applications(self, request: Members) -> views.View:
        names = sorted(n for account, n in self._state.applications if account == get_account_id())
        return answers.page(request, "applications", names, PAGE)

    # -- deployment configurations -------------------------------------------------------------

    def _create_configuration(self, request: Members) -> views.View:
        """CreateDeploymentConfig."""
        account, name = get_account_id(), request["deploymentConfigName"]
        if (platform := request.get("computePlatform", "Server")) != PLATFORM:
            raise ServiceError(
                "InvalidComputePlatformException",
                f"The compute platform {platform} is not offered here, only {PLATFORM} is",
            )
        if name.startswith("CodeDeployDefault."):
            raise ServiceError(
                "InvalidDeploymentConfigNameException",
                "Deployment configuration names must not begin with CodeDeployDefault.",
            )
        if (account, name) in self._state.configurations:
            raise ServiceError(
                "DeploymentConfigAlreadyExistsException",
                f"Deployment configuration already exists: {name}",
            )
        try:
            made = Configuration(name, checked(request.get("trafficRoutingConfig", {})))
        except RoutingError as error:
            raise ServiceError("InvalidTrafficRoutingConfigurationException", str(error)) from error
        self._state.configurations[account, name] = made
        return {"deploymentConfigId": made.id}

    def _delete_configuration(self, request: Members) -> views.View:
        """DeleteDeploymentConfig; one that a group has stays."""
        account, name = get_account_id(), request["deploymentConfigName"]
        if name in PREDEFINED:
            raise ServiceError("InvalidOperationException", f"{name} cannot be deleted")
        users = [
            g.name
            for g in self._state.groups.values()
            if (g.account, g.configuration) == (account, name)
        ]
        if users:
            raise ServiceError(
                "DeploymentConfigInUseException", f"{name} is used by {', '.join(users)}"
            )
        self._state.configurations.pop((account, name), None)
        return {}

    def _get_configuration(self, request: Members) -> views.View:
        found = self._state.configuration(get_account_id(), request["deploymentConfigName"])
        return {"deploymentConfigInfo": views.configuration(found)}

    def _list_configurations(self, request: Members) -> views.View:
        own = (n for account, n in self._state.configurations if account == get_account_id())
        return answers.page(request, "deploymentConfigsList", [*PREDEFINED, *sorted(own)], PAGE)

    # -- deployment groups ---------------------------------------------------------------------

    def _create_group(self, request: Members) -> views.View:
        """CreateDeploymentGroup."""
        account = get_account_id()
        application, name = request["applicationName"], request["deploymentGroupName"]
        self._state.application(account, application)
        if (account, application, name) in self._state.groups:
            raise ServiceError(
                "DeploymentGroupAlreadyExistsException", f"Deployment group already exists: {name}"
            )
        settings = self._settings(request, {"deploymentConfigName": ALL_AT_ONCE})
        group = Group(account, get_region(), application, name, settings, tags=_tags(request))
        self._state.groups[account, application, name] = group
        return {"deploymentGroupId": group.id}

    def _update_group(self, request: Members) -> views.View:
        """UpdateDeploymentGroup: what is not given stays, a new name moves it."""
        account, application = get_account_id(), request["applicationName"]
        group = self._state.group(account, application, request["currentDeploymentGroupName"])
        name = request.get("newDeploymentGroupName", group.name)
        if name != group.name and (account, application, name) in self._state.groups:
            raise ServiceError(
                "DeploymentGroupAlreadyExistsException", f"Deployment group already exists: {name}"
            )
        group.settings = self._settings(request, group.settings)
        del self._state.groups[account, application, group.name]
        group.name = name
        self._state.groups[account, application, name] = group
        return {"hooksNotCleanedUp": []}

    def _delete_group(self, request: Members) -> views.View:
        """DeleteDeploymentGroup; one that is not there is fine, as at AWS."""
        key = get_account_id(), request["applicationName"], request["deploymentGroupName"]
        if key in self._state.groups:
            self._refuse_active(self._state.groups[key])
            del self._state.groups[key]
        return {"hooksNotCleanedUp": []}

    def _settings(self, request: Members, before: Members) -> dict[str, Any]:
        """What a group has after a request. Refuses what Lambda or this server does not know."""
        other = sorted(n for n, v in request.items() if v and n not in _KEPT | _NAMING)
        if other:
            raise ServiceError(
                "InvalidInputException",
                f"{other[0]} is not offered here: a deployment group for Lambda is made of "
                f"{', '.join(sorted(_KEPT))}",
            )
        given = {n: v for n, v in request.items() if n in _KEPT and v is not None}
        settings = {"deploymentStyle": STYLE, **before, **given}
        if not _ROLE.fullmatch(settings["serviceRoleArn"]):
            raise ServiceError("InvalidRoleException", "The service role ARN is not valid")
        if settings["deploymentStyle"] != STYLE:
            raise ServiceError(
                "InvalidDeploymentStyleException",
                f"For the compute platform Lambda the deployment style must be {STYLE}",
            )
        self._state.configuration(get_account_id(), settings["deploymentConfigName"])
        check_alarms(settings.get("alarmConfiguration", {}))
        check_rollback(settings.get("autoRollbackConfiguration", {}))
        return settings

    def _refuse_active(self, group: Group) -> None:
        if active := self._state.active(group):
            raise ServiceError(
                "InvalidOperationException",
                f"Deployment group {group.name} has the active deployment {active.id}",
            )

    def _get_group(self, request: Members) -> views.View:
        found = self._group(request["applicationName"], request["deploymentGroupName"])
        return {"deploymentGroupInfo": found}

    def _batch_get_groups(self, request: Members) -> views.View:
        names = request["deploymentGroupNames"]
        each = [self._group(request["applicationName"], name) for name in names]
        return {"deploymentGroupsInfo": each}

    def _group(self, application: str, name: str) -> views.View:
        found = self._state.group(get_account_id(), application, name)
        return views.group(found, self._state.of_group(found))

    def _list_groups(self, request: Members) -> views.View:
        account, application = get_account_id(), request["applicationName"]
        self._state.application(account, application)
        names = sorted(k[2] for k in self._state.groups if k[:2] == (account, application))
        page = answers.page(request, "deploymentGroups", names, PAGE)
        return {"applicationName": application, **page}


def check_alarms(configuration: Members) -> None:
    """Refuses an AlarmConfiguration that names none although it is on, or too many."""
    alarms = configuration.get("alarms", ())
    if len(alarms) > MOST_ALARMS:
        raise ServiceError(
            "AlarmsLimitExceededException", f"A deployment group has {MOST_ALARMS} alarms at most"
        )
    if any(not alarm.get("name") for alarm in alarms):
        raise ServiceError("InvalidAlarmConfigException", "An alarm has no name")
    if configuration.get("enabled") and not alarms:
        raise ServiceError("InvalidAlarmConfigException", "Alarms are enabled, but none is named")


def check_rollback(configuration: Members) -> None:
    """Refuses an AutoRollbackConfiguration that is on for no event."""
    if configuration.get("enabled") and not configuration.get("events"):
        raise ServiceError(
            "InvalidAutoRollbackConfigException",
            "Automatic rollback is enabled, but for no event",
        )


def _tags(request: Members) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in request.get("tags", ())}
