"""Source from a connection, provider `CodeStarSourceConnection`.

Source: CodePipeline user guide "action-reference-CodestarConnectionSource". The repository behind
the connection that is played is a bare one in the server's root; the artifact is a zip of one
commit, without history, as the provider's archive is.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from embedded_aws import registry
from embedded_aws.calls import RefusedError
from embedded_aws.codepipeline.actions import base
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.state import Revision, now
from embedded_aws.connections import played, repository

SUMMARY_CHARACTERS = 2048


def fetch(context: Context) -> Outcome:
    """Zips the wanted commit, or the branch's newest, into the output artifact."""
    with ActionClients(context) as clients:
        return _fetch(context, clients)


def _fetch(context: Context, clients: ActionClients) -> Outcome:
    connection = context.configuration["ConnectionArn"]
    _use(connection, clients.credentials)
    _reach(context.configuration["FullRepositoryId"])
    branch = context.source_branch or context.configuration["BranchName"]
    try:
        commit = repository.commit(context.source_revision or f"refs/heads/{branch}")
        archive = repository.archive(commit.id)
    except repository.RepositoryError as error:
        name = context.configuration["FullRepositoryId"]
        raise ActionError(f"Could not fetch {branch} of {name}: {error}") from error
    (artifact,) = context.outputs.values()
    try:
        base.upload(context, clients("s3"), artifact, archive)
    except ClientError as error:
        raise ActionError(
            f"cannot write artifact {artifact.name}: {error}", code="PermissionError"
        ) from error
    message = commit.message[:SUMMARY_CHARACTERS]
    return Outcome(
        variables={
            "AuthorDate": commit.author_date,
            "BranchName": branch,
            "CommitId": commit.id,
            "CommitMessage": commit.message,
            "ConnectionArn": connection,
            "FullRepositoryName": context.configuration["FullRepositoryId"],
        },
        artifacts=(artifact,),
        summary=message,
        revision=Revision(
            action=context.action.name,
            artifact=artifact.name,
            id=commit.id,
            summary=message,
            url=None,
            created=now(),
        ),
    )


def _use(connection: str, credentials: Mapping[str, str]) -> None:
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
    if wanted != played.read(registry.running().root).repository:
        raise ActionError(
            f"Could not access the repository {wanted}: there is none that the connection may read"
        )
