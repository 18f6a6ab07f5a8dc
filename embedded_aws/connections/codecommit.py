"""CodeCommit, for the one repository that is played: what reads it, and who may.

`UploadArchive` and `GitPull` are permissions without an operation at AWS ("CodeCommit permissions
reference", "auth-and-access-control-permissions-reference"); here, being allowed to call them is
the check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id

from embedded_aws import members, registry
from embedded_aws.connections import played, repository
from embedded_aws.json_service import JsonService, ServiceError

TARGET = "CodeCommit_20150413"


def install() -> None:
    """Registers the service."""
    registry.register_service(
        "codecommit",
        Api(),
        target_prefixes=[TARGET],
        iam_namespace="codecommit",
        resource_arn=_resource,
    )


class Api(JsonService):
    """Keeps nothing: the repository that is played stands in the server's root."""

    title = "CodeCommit"

    def __init__(self) -> None:
        operations = {
            "GetRepository": _get_repository,
            "GetBranch": _get_branch,
            "GetCommit": _get_commit,
            "GitPull": _allowed,
            "UploadArchive": _allowed,
        }
        super().__init__(operations, members.model("codecommit"))


def _resource(action: str, body: Mapping[str, Any], account: str) -> str | None:
    del action
    name = body.get("repositoryName")
    return f"arn:aws:codecommit:{registry.region()}:{account}:{name}" if name else None


def _played(request: Mapping[str, Any]) -> played.CodeCommit:
    name = request.get("repositoryName")
    try:
        source = played.codecommit(registry.running().root)
    except played.NotPlayedError:
        source = None
    asked = name, get_account_id(), registry.region()
    if source is None or (source.repository, source.account, source.region) != asked:
        raise ServiceError("RepositoryDoesNotExistException", f"{name} does not exist")
    return source


def _allowed(request: Mapping[str, Any]) -> dict[str, Any]:
    _played(request)
    return {}


def _get_repository(request: Mapping[str, Any]) -> dict[str, Any]:
    source = _played(request)
    host = f"git-codecommit.{source.region}.amazonaws.com"
    return {
        "repositoryMetadata": {
            "accountId": source.account,
            "repositoryId": source.repository,
            "repositoryName": source.repository,
            "defaultBranch": source.branch,
            "Arn": source.arn,
            "cloneUrlHttp": f"https://{host}/v1/repos/{source.repository}",
            "cloneUrlSsh": f"ssh://{host}/v1/repos/{source.repository}",
        }
    }


def _get_branch(request: Mapping[str, Any]) -> dict[str, Any]:
    _played(request)
    branch = str(request.get("branchName", ""))
    try:
        commit = repository.commit(f"refs/heads/{branch}")
    except repository.RepositoryError as error:
        raise ServiceError(
            "BranchDoesNotExistException", f"Branch {branch} does not exist"
        ) from error
    return {"branch": {"branchName": branch, "commitId": commit.id}}


def _get_commit(request: Mapping[str, Any]) -> dict[str, Any]:
    _played(request)
    try:
        commit = repository.commit(str(request["commitId"]))
    except repository.RepositoryError as error:
        raise ServiceError(
            "CommitIdDoesNotExistException", f"{request['commitId']} does not exist"
        ) from error
    about = {"date": commit.author_date}
    committed = {"date": commit.committer_date}
    return {
        "commit": {
            "commitId": commit.id,
            "message": commit.message,
            "author": about,
            "committer": committed,
        }
    }
