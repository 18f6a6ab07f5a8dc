"""Source from a connection, provider `CodeStarSourceConnection`.

Source: CodePipeline user guide "action-reference-CodestarConnectionSource". The repository behind
the connection that is played is a bare one in the server's root.
"""

from __future__ import annotations

from collections.abc import Mapping

from embedded_aws import registry
from embedded_aws.calls import RefusedError
from embedded_aws.codepipeline.actions import commits
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.connections import played


def fetch(context: Context) -> Outcome:
    """Takes the wanted commit, or the branch's newest, into the output artifact."""
    with ActionClients(context) as clients:
        wanted = context.configuration
        use_connection(wanted["ConnectionArn"], clients.credentials)
        _reach(wanted["FullRepositoryId"])
        about = {
            "ConnectionArn": wanted["ConnectionArn"],
            "FullRepositoryName": wanted["FullRepositoryId"],
        }
        return commits.take(context, clients, wanted["FullRepositoryId"], about)


def use_connection(connection: str, credentials: Mapping[str, str]) -> None:
    """`UseConnection` is only a permission at AWS; here its check is a call of its own.

    CDK grants it under the old name of the service also for connections with the new name, and
    AWS takes either.
    """
    service = "codestar-connections"
    try:
        registry.call(
            service,
            f"{played.TARGETS[service]}.UseConnection",
            {"ConnectionArn": connection},
            credentials,
        )
    except RefusedError as error:
        raise ActionError(
            f"Unable to use Connection: {connection}. {error}", code="PermissionError"
        ) from error


def _reach(wanted: str) -> None:
    """A connection reaches the repositories that its owner let it reach: here, one."""
    if wanted != played.connection(registry.running().root).repository:
        raise ActionError(
            f"Could not access the repository {wanted}: there is none that the connection may read"
        )
