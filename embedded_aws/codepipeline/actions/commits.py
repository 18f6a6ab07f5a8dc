"""What the source actions that take a commit of the played repository have in common.

`OutputArtifactFormat` is CODE_ZIP, a zip of the commit's files without history, or
CODEBUILD_CLONE_REF, which only builds understand: they clone with it (action references of
CodestarConnectionSource and CodeCommit).
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from embedded_aws.codepipeline.actions import base
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.executions import Revision, now
from embedded_aws.connections import repository
from embedded_aws.connections.references import FILE, Reference

SUMMARY_CHARACTERS = 2048


def take(context: Context, clients: ActionClients, name: str, about: Mapping[str, str]) -> Outcome:
    """The wanted commit, or the branch's newest, in the output artifact.

    `about` is added to the output variables, and says for a clone what is cloned.
    """
    branch = context.source_branch or context.configuration["BranchName"]
    try:
        commit = repository.commit(context.source_revision or f"refs/heads/{branch}")
        if context.configuration.get("OutputArtifactFormat") == "CODEBUILD_CLONE_REF":
            reference = Reference(commit.id, dict(about))
            content = base.zip_of(FILE, reference.written())
        else:
            content = repository.archive(commit.id)
    except repository.RepositoryError as error:
        raise ActionError(f"Could not fetch {branch} of {name}: {error}") from error
    (artifact,) = context.outputs.values()
    try:
        base.upload(context, clients("s3"), artifact, content)
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
            **about,
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
