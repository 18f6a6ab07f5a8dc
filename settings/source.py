"""Where the pipeline's source comes from."""

from __future__ import annotations

from dataclasses import dataclass

from settings.reader import Reader


@dataclass(frozen=True)
class ConnectionSource:
    """A branch of a GitHub, GitLab or Bitbucket repository, reached through a connection."""

    repository: str
    branch: str
    connection_arn: str


@dataclass(frozen=True)
class CodeCommitSource:
    """A branch of a CodeCommit repository in the tools account."""

    repository: str
    branch: str


@dataclass(frozen=True)
class S3Source:
    """A zip of the repository in a versioned bucket in the tools account."""

    bucket: str
    key: str

    @property
    def repository(self) -> str:
        """What stands for the repository's name, in tags."""
        return f"{self.bucket}/{self.key}"


Source = ConnectionSource | CodeCommitSource | S3Source


def read_source(reader: Reader) -> Source:
    """The source that `type` names, a connection unless told."""
    kinds = {"connection": _connection, "codecommit": _codecommit, "s3": _s3}
    kind = reader.one_of("type", tuple(kinds), default="connection")
    if not kind:
        # Which keys belong there depends on the type: without it, more would be guesses.
        return S3Source(bucket="", key="")
    source = kinds[kind](reader)
    reader.finish()
    return source


def _connection(reader: Reader) -> Source:
    return ConnectionSource(
        # GitLab has groups within groups: owner/group/.../name.
        repository=reader.text("repository", r"[\w.-]+(/[\w.-]+)+", 'a text "owner/name"'),
        branch=_branch(reader),
        connection_arn=reader.text(
            "connection_arn",
            r"arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[0-9a-f-]{36}",
            "a connection's ARN, arn:aws:codeconnections:REGION:ACCOUNT:connection/ID"
            " (Developer Tools console, Connections)",
        ),
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
