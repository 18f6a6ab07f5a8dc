"""Every application, group, configuration and deployment, in one place.

`State.changed` is the one lock. Whoever reads or writes a record holds it; whoever waits for
something waits on it, and every change notifies it.
"""

from __future__ import annotations

import threading
from typing import Any

from embedded_aws.codedeploy.configurations import PREDEFINED, Configuration
from embedded_aws.codedeploy.model import Application, Deployment, Group
from embedded_aws.errors import StateError
from embedded_aws.json_service import ServiceError


class State:
    """What all accounts have. Names are unique in an account."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.applications: dict[tuple[str, str], Application] = {}
        self.groups: dict[tuple[str, str, str], Group] = {}
        self.configurations: dict[tuple[str, str], Configuration] = {}
        self.deployments: dict[tuple[str, str], Deployment] = {}

    def application(self, account: str, name: str) -> Application:
        """The application of this name, or ApplicationDoesNotExistException."""
        found = self.applications.get((account, name))
        if found is None:
            raise ServiceError(
                "ApplicationDoesNotExistException", f"No application found for name: {name}"
            )
        return found

    def group(self, account: str, application: str, name: str) -> Group:
        """The group of this name, or DeploymentGroupDoesNotExistException."""
        self.application(account, application)
        found = self.groups.get((account, application, name))
        if found is None:
            raise ServiceError(
                "DeploymentGroupDoesNotExistException",
                f"No Deployment Group found for name: {name}",
            )
        return found

    def configuration(self, account: str, name: str) -> Configuration:
        """A predefined configuration or one of the account."""
        found = PREDEFINED.get(name) or self.configurations.get((account, name))
        if found is None:
            raise ServiceError(
                "DeploymentConfigDoesNotExistException",
                f"No Deployment Configuration found for name: {name} (only those for the compute "
                "platform Lambda are known here)",
            )
        return found

    def deployment(self, account: str, deployment_id: str) -> Deployment:
        """The deployment of this id, or DeploymentDoesNotExistException."""
        found = self.deployments.get((account, deployment_id))
        if found is None:
            raise ServiceError(
                "DeploymentDoesNotExistException",
                f"The deployment {deployment_id} could not be found",
            )
        return found

    def of_group(self, group: Group) -> list[Deployment]:
        """A group's deployments, newest first."""
        return [d for d in reversed(self.deployments.values()) if d.group.id == group.id]

    def active(self, group: Group) -> Deployment | None:
        """The deployment of a group that is under way."""
        return next((d for d in self.of_group(group) if not d.ended), None)

    def kept(self) -> dict[str, Any]:
        """Everything. Raises `StateError` while a deployment is under way."""
        for deployment in self.deployments.values():
            if not deployment.ended:
                raise StateError(f"deployment {deployment.id} runs")
        return {name: dict(getattr(self, name)) for name in _STORES}

    def take_back(self, kept: dict[str, Any]) -> None:
        """Everything that `kept` gave."""
        for name in _STORES:
            getattr(self, name).update(kept[name])

    def clear(self) -> None:
        """Forgets everything."""
        for name in _STORES:
            getattr(self, name).clear()


_STORES = ("applications", "groups", "configurations", "deployments")
