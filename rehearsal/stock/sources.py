"""Which source of the played ones a pipeline follows; or why none of them stands for it.

A pushed commit is that of a connection's repository or of a CodeCommit repository, or is uploaded
as a zip to the bucket that the pipeline watches. Action references of the CodePipeline user guide:
CodestarConnectionSource, CodeCommit, S3.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assembly.pipeline import Action, Pipeline
from embedded_aws.connections.played import CodeCommit, Connection, S3Object, Source
from rehearsal.errors import UnsupportedSourceError

_ARN = re.compile(
    r"arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[\w-]+"
)
_NAME = re.compile(r"[\w.-]+")
_KEY = re.compile(r"[^<>{}]+")


def played(pipeline: Pipeline, account: str, region: str, follow: str) -> Source:
    """The one source of the pipeline, which is in this account and region.

    follow: what the git remote tells people to run after a push. Raises `UnsupportedSourceError`.
    """
    actions = [each for each in pipeline.actions if each.kind.startswith("Source/")]
    found = {_source(each, account, region, follow): each for each in actions}
    if len(found) != 1:
        names = ", ".join(f"{each.where} ({told(source)})" for source, each in found.items())
        raise UnsupportedSourceError(
            f"the rehearsal plays one repository, and this pipeline takes: {names or 'none'}"
        )
    (source,) = found
    return source


def told(source: Source) -> str:
    """A source in words."""
    match source:
        case Connection():
            return f"{source.repository}, branch {source.branch}"
        case CodeCommit():
            return f"CodeCommit repository {source.repository}, branch {source.branch}"
        case S3Object():
            return f"s3://{source.bucket}/{source.key}, uploaded on a push to {source.branch}"


def _source(action: Action, account: str, region: str, follow: str) -> Source:
    kind = action.kind.removeprefix("Source/")
    maker = _KINDS.get(kind)
    if maker is None:
        raise UnsupportedSourceError(
            f"{action.where} is a source of {kind}, which is not played: {', '.join(_KINDS)} are. "
            "For the rehearsal, use CodePipelineSource.connection"
        )
    return maker(action, account, region, follow)


def _connection(action: Action, account: str, region: str, follow: str) -> Connection:
    del account, region
    arn = _given(
        action, "ConnectionArn", _ARN, "arn:aws:codeconnections:REGION:ACCOUNT:connection/ID"
    )
    repository = str(action.configuration.get("FullRepositoryId"))
    return Connection(arn, repository, _branch(action), follow)


def _codecommit(action: Action, account: str, region: str, follow: str) -> CodeCommit:
    name = _given(action, "RepositoryName", _NAME, "a name, by Repository.from_repository_name")
    return CodeCommit(account, region, name, _branch(action), follow)


def _s3_object(action: Action, account: str, region: str, follow: str) -> S3Object:
    bucket = _given(action, "S3Bucket", _NAME, "a name, by Bucket.from_bucket_name")
    key = _given(action, "S3ObjectKey", _KEY, "a key")
    return S3Object(account, region, bucket, key, follow=follow)


_KINDS: dict[str, Callable[[Action, str, str, str], Source]] = {
    "CodeStarSourceConnection": _connection,
    "CodeCommit": _codecommit,
    "S3": _s3_object,
}


def _branch(action: Action) -> str:
    return str(action.configuration.get("BranchName"))


def _given(action: Action, key: str, pattern: re.Pattern[str], wanted: str) -> str:
    """A value that is known at synthesis: what the pipeline follows must be there before it."""
    value = str(action.configuration.get(key))
    if not pattern.fullmatch(value):
        raise UnsupportedSourceError(
            f"the {key} of {action.where} is {value}, which is not known before it is deployed: "
            f"give the rehearsal {wanted}"
        )
    return value
