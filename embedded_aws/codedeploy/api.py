"""CodeDeploy's API, as its service model of 2014-10-06 has it, for the compute platform Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from embedded_aws import clock, members, registry
from embedded_aws.codedeploy import alias_updates, resources
from embedded_aws.codedeploy.deployments import Deployments
from embedded_aws.codedeploy.engine import Engine
from embedded_aws.codedeploy.groups import Groups
from embedded_aws.codedeploy.permissions import Resources
from embedded_aws.codedeploy.service_role import ServiceRole, offer_managed_policies
from embedded_aws.codedeploy.state import State
from embedded_aws.json_service import JsonService, Operation


def install() -> None:
    """Registers the API, the resource types and the update policy of aliases."""
    engine = Engine(State(), ServiceRole, clock.seconds)
    groups, deployments = Groups(engine.state), Deployments(engine)
    registry.register_service(
        "codedeploy",
        Api(engine, groups, deployments),
        target_prefixes=["CodeDeploy_20141006"],
        iam_namespace="codedeploy",
        resource_arn=Resources(engine.state),
    )
    resources.install(engine.state, groups)
    alias_updates.install(engine, deployments)
    offer_managed_policies()


class Api(JsonService):
    """Answers requests about the deployments of one engine."""

    title = "CodeDeploy"

    def __init__(self, engine: Engine, groups: Groups, deployments: Deployments) -> None:
        self._engine = engine
        self._state = engine.state
        operations = {**groups.operations(), **deployments.operations()}
        locked = {name: partial(self._locked, each) for name, each in operations.items()}
        super().__init__(locked, members.model("codedeploy"))

    def reset(self) -> None:
        """Forgets everything; what runs ends without anybody waiting for it."""
        self._engine.forget()

    def get_state(self) -> dict[str, Any]:
        """Everything. Raises `StateError` while a deployment runs."""
        with self._state.changed:
            return self._state.kept()

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Takes it back."""
        with self._state.changed:
            self._state.take_back(data)

    def _locked(self, operation: Operation, request: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._state.changed:
            return operation(request)
