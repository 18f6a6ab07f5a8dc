"""Source from CodeCommit, provider `CodeCommit`.

Source: CodePipeline user guide "action-reference-CodeCommit": the action's role reads the branch
and the commit and uploads an archive of it; its output variables.
"""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import ClientError

from embedded_aws import registry
from embedded_aws.calls import RefusedError
from embedded_aws.codepipeline.actions import commits
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.connections.codecommit import TARGET


def fetch(context: Context) -> Outcome:
    """Takes the wanted commit, or the branch's newest, into the output artifact."""
    name, branch = context.configuration["RepositoryName"], context.configuration["BranchName"]
    with ActionClients(context) as clients:
        try:
            service = clients("codecommit")
            newest = service.get_branch(repositoryName=name, branchName=branch)["branch"]
            wanted = context.source_revision or newest["commitId"]
            commit = service.get_commit(repositoryName=name, commitId=wanted)["commit"]
            registry.call(
                "codecommit",
                f"{TARGET}.UploadArchive",
                {"repositoryName": name},
                clients.credentials,
            )
        except ClientError as error:
            found = error.response["Error"]
            raise _failed(name, found["Code"], found["Message"]) from error
        except RefusedError as error:
            raise _failed(name, error.code, error.message) from error
        outcome = commits.take(
            replace(context, source_revision=wanted), clients, name, {"RepositoryName": name}
        )
    dates = {"CommitterDate": commit["committer"]["date"]}
    return replace(outcome, variables={**outcome.variables, **dates})


def _failed(name: str, code: str, message: str) -> ActionError:
    denied = code in ("AccessDenied", "AccessDeniedException")
    return ActionError(
        f"Could not access the CodeCommit repository {name}: {message}",
        code="PermissionError" if denied else "JobFailed",
    )
