"""Where the pipeline's source comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from settings.reader import Reader

# What cdk.json comes with: whoever rehearses needs no AWS, and so no account and no connection.
EXAMPLE_ACCOUNT: Final = "111111111111"
EXAMPLE_CONNECTION: Final = "11111111-2222-4333-8444-555555555555"

_CONNECTION: Final = (
    r"arn:aws:(?:codeconnections|codestar-connections):(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":connection/(?P<id>[0-9a-f-]{36})"
)


@dataclass(frozen=True)
class ConnectionSource:
    """A branch of a GitHub, GitLab or Bitbucket repository, reached through a connection."""

    kind: ClassVar[str] = "connection"
    repository: str
    branch: str
    connection_arn: str


@dataclass(frozen=True)
class CodeCommitSource:
    """A branch of a CodeCommit repository in the tools account."""

    kind: ClassVar[str] = "codecommit"
    repository: str
    branch: str


@dataclass(frozen=True)
class S3Source:
    """A zip of the repository in a versioned bucket in the tools account."""

    kind: ClassVar[str] = "s3"
    bucket: str
    key: str

    @property
    def repository(self) -> str:
        """What stands for the repository's name, in tags."""
        return f"{self.bucket}/{self.key}"


Source = ConnectionSource | CodeCommitSource | S3Source


def read_source(reader: Reader, tools_account: str, region: str) -> Source:
    """The source that `type` names, a connection unless told.

    tools_account, region: where the pipeline is; a connection of another place is refused.
    """
    kinds = {
        ConnectionSource.kind: lambda each: _connection(each, tools_account, region),
        CodeCommitSource.kind: _codecommit,
        S3Source.kind: _s3,
    }
    kind = reader.one_of("type", tuple(kinds), default=ConnectionSource.kind)
    if not kind:
        # Which keys belong there depends on the type: without it, more would be guesses.
        return S3Source(bucket="", key="")
    source = kinds[kind](reader)
    reader.finish()
    return source


def _connection(reader: Reader, tools_account: str, region: str) -> Source:
    source = ConnectionSource(
        # GitLab has groups within groups: owner/group/.../name.
        repository=reader.text("repository", r"[\w.-]+(/[\w.-]+)+", 'a text "owner/name"'),
        branch=_branch(reader),
        connection_arn=reader.text(
            "connection_arn",
            _CONNECTION,
            "a connection's ARN, arn:aws:codeconnections:REGION:ACCOUNT:connection/ID"
            " (Developer Tools console, Connections)",
        ),
    )
    _reject_elsewhere(reader, source.connection_arn, tools_account, region)
    return source


def _reject_elsewhere(reader: Reader, arn: str, tools_account: str, region: str) -> None:
    """Only of what is an ARN, and known places: a wrong account is told once, where it stands."""
    found = re.fullmatch(_CONNECTION, arn)
    if found is None or not re.fullmatch(r"\d{12}", tools_account) or not region:
        return
    if (found["account"], found["region"]) != (tools_account, region):
        where = f"arn:aws:codeconnections:{region}:{tools_account}:connection/ID"
        reader.reject(
            "connection_arn", arn, f"one of the pipeline's own account and region, {where}"
        )
    elif found["id"] == EXAMPLE_CONNECTION and tools_account != EXAMPLE_ACCOUNT:
        reader.reject(
            "connection_arn", arn, "a connection that exists, in place of the example's made-up id"
        )


def _codecommit(reader: Reader) -> Source:
    # CodeCommit user guide, "Quotas in AWS CodeCommit": names.
    name = r"(?!.*\.git$)[\w.-]{1,100}"
    expected = "a CodeCommit repository's name: letters, digits, . _ -, not ending in .git"
    return CodeCommitSource(reader.text("repository", name, expected), _branch(reader))


def _s3(reader: Reader) -> Source:
    bucket = "a bucket's name: 3 to 63 lower-case letters, digits, . and -"
    return S3Source(
        bucket=reader.text("bucket", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket),
        key=reader.text("key", r".*\.zip", 'an object key that ends in ".zip"'),
    )


def _branch(reader: Reader) -> str:
    # Narrower than git check-ref-format: triggers read a branch as a glob, where * and [ mean more.
    name = r"(?!.*(\.\.|//|\.lock$|[/.]$))[\w][\w./-]*"
    return reader.text("branch", name, "a branch's name, such as main", default="main")
