"""The update policy `CodeDeployLambdaAliasUpdate` of `AWS::Lambda::Alias`.

When an update of a stack changes the alias's version, CloudFormation leaves the change to
CodeDeploy and waits for it; a deployment that fails fails the update, and the stack rolls back
("UpdatePolicy attribute", CloudFormation template reference). There is none when the alias is made.
A rollback of the stack that takes back an alias's new version is such an update, too.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import cloudformation
from ministack.services.cloudformation import engine as templates
from ministack.services.cloudformation import provisioners, stacks

from embedded_aws.codedeploy.appspec import AppSpec
from embedded_aws.codedeploy.deployments import Deployments
from embedded_aws.codedeploy.engine import Engine
from embedded_aws.codedeploy.model import Deployment
from embedded_aws.json_service import ServiceError

Properties = Mapping[str, Any]
_TYPE = "AWS::Lambda::Alias"
_POLICY = "CodeDeployLambdaAliasUpdate"
_HOOKS = {
    "BeforeAllowTraffic": "BeforeAllowTrafficHook",
    "AfterAllowTraffic": "AfterAllowTrafficHook",
}
"""Lifecycle event -> the policy's member with the function."""


def install(engine: Engine, deployments: Deployments) -> None:
    """Wraps the update of an alias, which then waits and so must not keep the event loop."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    wrapped = _Updates(engine, deployments, handlers["update"])
    provisioners._RESOURCE_HANDLERS[_TYPE] = handlers | {
        "update": wrapped.update,
        "update_with_logical_id": True,
    }
    blocks = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind == _TYPE or blocks(kind)


class _Updates:
    """Updates of aliases: by a deployment where a policy asks for one, else as before."""

    def __init__(self, engine: Engine, deployments: Deployments, original: Any) -> None:
        self._engine = engine
        self._deployments = deployments
        self._original = original

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str
    ) -> Any:
        """The emulator's handler of the type; `ValueError` fails the update."""
        policy = _policy(stack, logical_id)
        if policy and _only_moves(old, new):
            self._deploy(policy, old, new, stack)
        return self._original(physical_id, old, new, stack, logical_id)

    def _deploy(
        self, policy: Mapping[str, str], old: Properties, new: Properties, stack: str
    ) -> None:
        spec = AppSpec(
            function=new["FunctionName"].rpartition(":function:")[2],
            alias=new["Name"],
            current=str(old["FunctionVersion"]),
            target=str(new["FunctionVersion"]),
            hooks={event: policy[name] for event, name in _HOOKS.items() if policy.get(name)},
        )
        state = self._engine.state
        try:
            with state.changed:
                group = state.group(
                    get_account_id(), policy["ApplicationName"], policy["DeploymentGroupName"]
                )
                deployment = self._deployments.create(group, spec, *_circumstances(stack))
        except ServiceError as error:
            raise ValueError(f"{error.message} (Service: CodeDeploy, {error.code})") from error
        self._engine.wait(deployment)
        if deployment.ending is not None:
            self._put_back(new, old)
            raise ValueError(_failure(deployment))

    def _put_back(self, new: Properties, old: Properties) -> None:
        """The alias as it was before, where no rollback of the deployment saw to that."""
        attempted = {**new, "RoutingConfig": {"AdditionalVersionWeights": []}}
        self._original("", attempted, old, "", "")


def _only_moves(old: Properties, new: Properties) -> bool:
    """Whether it is the same alias with another version."""
    same = all(old.get(name) == new.get(name) for name in ("FunctionName", "Name"))
    return same and old.get("FunctionVersion") != new.get("FunctionVersion")


def _circumstances(stack: str) -> tuple[str, Mapping[str, Any]]:
    """Who makes the deployment, and what it changes: taking an update back heeds no alarm."""
    if cloudformation._stacks[stack]["StackStatus"].startswith("UPDATE_ROLLBACK"):
        return "CloudFormationRollback", {"overrideAlarmConfiguration": {"enabled": False}}
    return "CloudFormation", {}


def _failure(deployment: Deployment) -> str:
    ending = deployment.ending
    assert ending is not None  # noqa: S101 - the caller asked
    return (
        f"CodeDeploy deployment {deployment.id} ended as {deployment.status}: "
        f"{ending.message} (Error code: {ending.code})"
    )


def _policy(stack_name: str, logical_id: str) -> Mapping[str, str] | None:
    """The alias's policy in the template that is deployed, resolved; None when it has none.

    Raises `ValueError` for one without its two names.
    """
    stack = cloudformation._stacks[stack_name]
    template = templates._parse_template(stack["_template_body"])
    declared = template["Resources"].get(logical_id, {}).get("UpdatePolicy") or {}
    if _POLICY not in declared:
        return None
    values = {
        each["ParameterKey"]: {"Value": each["ParameterValue"], "NoEcho": each["NoEcho"]}
        for each in stack["Parameters"]
    }
    policy: dict[str, str] = templates._resolve_refs(
        copy.deepcopy(declared[_POLICY]),
        stack["_resources"],
        values,
        stack["_conditions"],
        template.get("Mappings", {}),
        stack_name,
        stack["StackId"],
    )
    missing = [name for name in ("ApplicationName", "DeploymentGroupName") if not policy.get(name)]
    if missing:
        raise ValueError(f"{logical_id}: the UpdatePolicy {_POLICY} lacks {', '.join(missing)}")
    return policy
