"""What a permission must cover: service authorization reference, "list_awscodedeploy".

Operations about a deployment are about its deployment group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_aws import registry
from embedded_aws.codedeploy.state import State

_OF_ALL = frozenset({"ListApplications", "ListDeploymentConfigs", "StopDeployment"})
"""Those that know no resource: only `*` allows them."""


class Resources:
    """ARNs of the resources that requests are about."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __call__(self, action: str, body: Mapping[str, Any], account: str) -> list[str]:
        """See `registry.ResourceArn`; empty for what knows no resources or names nothing."""
        if action in _OF_ALL:
            return []
        place = f"arn:aws:codedeploy:{registry.region()}:{account}"
        if "DeploymentConfig" in action:
            return [f"{place}:deploymentconfig:{body.get('deploymentConfigName')}"]
        if groups := self._groups(body, account):
            return [f"{place}:deploymentgroup:{group}" for group in groups]
        names = body.get("applicationNames") or [body.get("applicationName")]
        return [f"{place}:application:{name}" for name in names if isinstance(name, str)]

    def _groups(self, body: Mapping[str, Any], account: str) -> list[str]:
        """`application/group` of those that a request names, or whose deployments it names."""
        names = body.get("deploymentGroupNames") or [
            body.get("deploymentGroupName") or body.get("currentDeploymentGroupName")
        ]
        named = [f"{body.get('applicationName')}/{n}" for n in names if isinstance(n, str)]
        ids = body.get("deploymentIds") or [body.get("deploymentId")]
        found = [self._state.deployments.get((account, str(each))) for each in ids]
        return named + [f"{d.group.application}/{d.group.name}" for d in found if d is not None]
