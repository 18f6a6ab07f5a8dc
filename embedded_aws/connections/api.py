"""The connections service: what a git provider's webhook tells AWS, and who may use a connection.

`UseConnection` is a permission without an operation at AWS; here, being allowed to call it is the
check. `NotifyPush` is ours: the hook of the bare repository plays the provider's webhook with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_aws import registry
from embedded_aws.connections import codecommit, landing, played, repository
from embedded_aws.connections.pushes import Effects, Push, followers
from embedded_aws.json_service import JsonService, ServiceError


def install() -> None:
    """Registers the service under both of its names (connections' ARNs come in both), and
    CodeCommit."""
    for service, target in played.TARGETS.items():
        registry.register_service(
            service,
            Api(),
            target_prefixes=[target],
            iam_namespace=service,
            resource_arn=_resource,
        )
    codecommit.install()


class Api(JsonService):
    """Keeps nothing: the source that is played stands in the server's root."""

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
    connection = played.connection(registry.running().root)
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
    try:
        found = played.connection(registry.running().root).arn == wanted
    except played.NotPlayedError:
        found = False
    if not found:
        raise ServiceError("ResourceNotFoundException", f"Connection {wanted} not found")
    return {}


def _notify_push(request: Mapping[str, Any]) -> dict[str, Any]:
    """What one updated ref (`Ref`, its `Old` and its `New` commit) starts and does not start."""
    try:
        source, effects = played.read(registry.running().root), Effects()
        push = _push(request["Ref"], request["Old"], request["New"])
    except played.NotPlayedError as error:
        raise ServiceError("ResourceNotFoundException", str(error)) from error
    except (KeyError, repository.RepositoryError) as error:
        raise ServiceError("ValidationException", f"not a push: {error}") from error
    if push is not None:
        landing.land(source, push)
        for follower in followers():
            follower(source, push, effects)
    return {
        "executions": [
            {"pipeline": name, "pipelineExecutionId": execution}
            for name, execution in effects.started
        ],
        "ignored": [{"pipeline": name, "reason": reason} for name, reason in effects.ignored],
    }


def _push(ref: str, old: str, new: str) -> Push | None:
    """The push as triggers see it; None when a ref was deleted or is neither branch nor tag."""
    if new == repository.NOTHING:
        return None
    kind, _, name = ref.removeprefix("refs/").partition("/")
    created = old == repository.NOTHING
    if kind == "heads":
        changed = repository.changed_files(old, new)
        return Push(new, branch=name, tag=None, files=changed, created=created)
    return Push(new, branch=None, tag=name, files=(), created=created) if kind == "tags" else None
