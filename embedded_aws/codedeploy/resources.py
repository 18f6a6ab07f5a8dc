"""CloudFormation's types of CodeDeploy.

Source: CloudFormation template reference, `AWS::CodeDeploy::Application`, `::DeploymentConfig` and
`::DeploymentGroup`: Ref is the name, and a changed name replaces. Properties are the members of the
API with a capital letter, so they are checked and kept as the API checks and keeps them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from embedded_aws import members, registry
from embedded_aws.codedeploy.groups import Groups
from embedded_aws.codedeploy.state import State
from embedded_aws.json_service import Operation, ServiceError
from embedded_aws.members import Model, Shape

Properties = Mapping[str, Any]
Provisioned = tuple[str, dict[str, str]]
"""The physical id, and the attributes for `Fn::GetAtt`."""
_MOST_CHARACTERS = 100


def install(state: State, groups: Groups) -> None:
    """Registers the three types."""
    operations = groups.operations()
    kinds = {
        "AWS::CodeDeploy::Application": _Named(state, operations, "applicationName", "Application"),
        "AWS::CodeDeploy::DeploymentConfig": _Named(
            state, operations, "deploymentConfigName", "DeploymentConfig"
        ),
        "AWS::CodeDeploy::DeploymentGroup": _Group(
            state, operations, "deploymentGroupName", "DeploymentGroup"
        ),
    }
    for kind, resource in kinds.items():
        registry.register_resource_type(
            kind, create=resource.create, update=resource.update, delete=resource.delete
        )


class _Named:
    """A resource that every change but that of its tags replaces, under another name."""

    def __init__(
        self, state: State, operations: Mapping[str, Operation], name: str, kind: str
    ) -> None:
        self._state = state
        self._operations = operations
        self._name = name
        self._kind = kind

    def create(self, logical_id: str, props: Properties, stack_name: str) -> Provisioned:
        """A new one; `ValueError` says what is wrong."""
        given = _as_members(props)
        name = given.get(self._name) or _generated(stack_name, logical_id)
        self._call(f"Create{self._kind}", given | {self._name: name})
        return name, {}

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str
    ) -> Provisioned:
        """Another one beside, when something else than tags differs."""
        if _without_tags(old) == _without_tags(new):
            return physical_id, {}
        if new.get(_property(self._name)) == physical_id:
            raise ValueError(
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {physical_id} and update the stack again."
            )
        return self.create(self._kind, new, stack_name)

    def delete(self, physical_id: str, props: Properties) -> None:
        """Deletes it; one that is gone already is fine."""
        del props
        self._call(f"Delete{self._kind}", {self._name: physical_id})

    def _call(self, name: str, given: Mapping[str, Any]) -> None:
        """Calls an operation of the API as a request for it would."""
        model = members.model("codedeploy")
        shape = model.input_of(name)
        assert shape is not None  # noqa: S101 - none of ours takes nothing
        request = _typed(model, shape, given)
        if message := members.refusal(model, shape, request):
            raise ValueError(message)
        try:
            with self._state.changed:
                self._operations[name](request)
        except ServiceError as error:
            raise ValueError(f"{error.message} (Service: CodeDeploy, {error.code})") from error


class _Group(_Named):
    """A deployment group, whose settings are updated in place."""

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str
    ) -> Provisioned:
        """In place, unless its name or its application is another one."""
        moved = old.get("ApplicationName") != new.get("ApplicationName")
        if moved or new.get("DeploymentGroupName", physical_id) != physical_id:
            return self.create(self._kind, new, stack_name)
        dropped: dict[str, Any] = {
            "alarmConfiguration": {"enabled": False, "alarms": []},
            "autoRollbackConfiguration": {"enabled": False, "events": []},
        }
        given = dropped | _as_members(new) | {"currentDeploymentGroupName": physical_id}
        given.pop(self._name, None)
        self._call("UpdateDeploymentGroup", given)
        return physical_id, {}

    def delete(self, physical_id: str, props: Properties) -> None:
        """Deletes it; one that is gone already is fine."""
        given = {"applicationName": props["ApplicationName"], self._name: physical_id}
        self._call("DeleteDeploymentGroup", given)


def _generated(stack_name: str, logical_id: str) -> str:
    """As CloudFormation names what has no name."""
    random = secrets.token_hex(6).upper()
    return f"{stack_name}-{logical_id}"[: _MOST_CHARACTERS - len(random) - 1] + f"-{random}"


def _as_members(props: Properties) -> dict[str, Any]:
    """Properties as members of the API; tags keep their capital letters there, too."""
    tags = props.get("Tags")
    given: dict[str, Any] = provisioners._pascal_to_camel(_without_tags(props))
    return given | ({"tags": tags} if tags else {})


def _without_tags(props: Properties) -> dict[str, Any]:
    return {name: value for name, value in props.items() if name != "Tags"}


def _property(member: str) -> str:
    return member[0].upper() + member[1:]


def _typed(model: Model, shape: Shape, value: Any) -> Any:
    """`value` with the types of the model: in templates numbers and booleans may be texts."""
    kind = shape["type"]
    if kind == "structure" and isinstance(value, dict):
        known = shape["members"]
        return {
            name: _typed(model, model.shape_of(known[name]), each) if name in known else each
            for name, each in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_typed(model, model.shape_of(shape["member"]), each) for each in value]
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "long") and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value
