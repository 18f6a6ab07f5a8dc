"""The connections service: what a git provider's webhook tells AWS, and who may use a connection.

`UseConnection` is a permission without an operation at AWS; here, being allowed to call it is the
check. `NotifyPush` is ours: the hook of the bare repository plays the provider's webhook with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_aws import registry
from embedded_aws.connections import played, repository
from embedded_aws.connections.pushes import Effects, Push, followers
from embedded_aws.json_service import JsonService, ServiceError


def install() -> None:
    """Registers the service under both of its names: connections' ARNs come in both."""
    for service, target in played.TARGETS.items():
        registry.register_service(
            service,
            Api(),
            target_prefixes=[target],
            iam_namespace=service,
            resource_arn=_resource,
        )


class Api(JsonService):
    """Keeps nothing: the connection that is played stands in the server's root."""

    title = "The connections service"

    def __init__(self) -> None:
        super().__init__(
            {
                "GetConnection": _get_connection,
                "UseConnection": _use_connection,
                "NotifyPush": _notify_push,
            }
        )


def _resource(action: str, body: Mapping[str, Any], account: str) -> str | None:
    del action, account
    arn = body.get("ConnectionArn")
    return str(arn) if arn else None


def _get_connection(request: Mapping[str, Any]) -> dict[str, Any]:
    """API reference of the connections service, GetConnection."""
    _use_connection(request)
    connection = _connection()
    described = {
        "ConnectionName": "played",
        "ConnectionArn": connection.arn,
        "ProviderType": "GitHub",
        "OwnerAccountId": connection.account,
        "ConnectionStatus": connection.status,
    }
    return {"Connection": described}


def _use_connection(request: Mapping[str, Any]) -> dict[str, Any]:
    """Refuses every connection but the one that is played."""
    wanted = request.get("ConnectionArn")
    if wanted != _connection().arn:
        raise ServiceError("ResourceNotFoundException", f"Connection {wanted} not found")
    return {}


def _notify_push(request: Mapping[str, Any]) -> dict[str, Any]:
    """What one updated ref (`Ref`, its `Old` and its `New` commit) starts and does not start."""
    connection, effects = _connection(), Effects()
    try:
        push = _push(request["Ref"], request["Old"], request["New"])
    except (KeyError, repository.RepositoryError) as error:
        raise ServiceError("ValidationException", f"not a push: {error}") from error
    if push is not None:
        for follower in followers():
            follower(connection.arn, connection.repository, push, effects)
    return {
        "executions": [
            {"pipeline": name, "pipelineExecutionId": execution}
            for name, execution in effects.started
        ],
        "ignored": [{"pipeline": name, "reason": reason} for name, reason in effects.ignored],
    }


def _connection() -> played.Connection:
    try:
        return played.read(registry.running().root)
    except played.NotPlayedError as error:
        raise ServiceError("ResourceNotFoundException", str(error)) from error


def _push(ref: str, old: str, new: str) -> Push | None:
    """The push as triggers see it; None when a ref was deleted or is neither branch nor tag."""
    if new == repository.NOTHING:
        return None
    kind, _, name = ref.removeprefix("refs/").partition("/")
    if kind == "heads":
        changed = repository.changed_files(old, new)
        return Push(commit=new, branch=name, tag=None, files=changed)
    return Push(commit=new, branch=None, tag=name, files=()) if kind == "tags" else None
