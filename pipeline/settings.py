"""The settings of the delivery system: cdk.json's context "tap", parsed once, before synthesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.reader import Problem, Reader
from services.requests.options import (
    DEFAULT_MAX_BODY_BYTES,
    DEFAULTS,
    LARGEST_BODY_BYTES,
    WORKFLOW_TYPES,
    RequestOptions,
)

CONTEXT_KEY: Final = "tap"

# Where CodePipeline is offered in the partition "aws" (AWS General Reference, "AWS CodePipeline
# endpoints and quotas"). Spelled out because reading it from botocore takes half a second of every
# synthesis; a test compares the two.
REGIONS: Final = (
    *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ca-central-1", "eu-central-1"),
    *("eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "il-central-1", "me-central-1", "me-south-1", "sa-east-1", "us-east-1"),
    *("us-east-2", "us-west-1", "us-west-2"),
)

# A manual approval waits 5 minutes to 60 days, 7 days unless told (CodePipeline user guide,
# "Quotas in AWS CodePipeline").
APPROVAL_MINUTES: Final = (5, 86_400)
APPROVAL_MINUTES_DEFAULT: Final = 7 * 24 * 60


class SettingsError(ValueError):
    """Settings are wrong; the text lists every problem on a line of its own."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True)
class Accounts:
    """Three different accounts, each as 12 digits."""

    tools: str
    dev: str
    prod: str


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


@dataclass(frozen=True)
class Settings:
    """Everything that differs between one installation of the delivery system and another."""

    accounts: Accounts
    region: str
    source: Source
    architecture: str
    approval_timeout_minutes: int
    requests: RequestOptions = DEFAULTS

    @classmethod
    def parse(cls, values: Mapping[str, object] | None) -> Settings:
        """Checks `values`, the parsed JSON of context "tap".

        Raises:
            SettingsError: something is missing, unknown or wrong; all of it is listed.
        """
        reader = Reader(values, CONTEXT_KEY)
        minutes = ("approval_timeout_minutes", *APPROVAL_MINUTES, APPROVAL_MINUTES_DEFAULT)
        settings = cls(
            accounts=_accounts(reader.section("accounts")),
            region=reader.one_of("region", REGIONS),
            source=_source(reader.section("source")),
            architecture=reader.one_of("architecture", ("x86_64", "arm64"), default="x86_64"),
            approval_timeout_minutes=reader.whole_number(*minutes),
            requests=_requests(reader),
        )
        reader.finish()
        if reader.problems:
            raise SettingsError(reader.problems)
        return settings


def _requests(reader: Reader) -> RequestOptions:
    limit = ("max_body_bytes", 1, LARGEST_BODY_BYTES, DEFAULT_MAX_BODY_BYTES)
    workflow_type = reader.one_of("workflow_type", WORKFLOW_TYPES, default=WORKFLOW_TYPES[0])
    return RequestOptions(
        # What is wrong is among the problems already.
        workflow_type=workflow_type or WORKFLOW_TYPES[0],
        max_body_bytes=reader.whole_number(*limit),
    )


def _accounts(reader: Reader) -> Accounts:
    expected = 'an account id: 12 digits, in quotes, such as "111111111111"'
    accounts = {name: reader.text(name, r"\d{12}", expected) for name in ("tools", "dev", "prod")}
    reader.finish()
    seen: dict[str, str] = {}
    for name, account in accounts.items():
        if account in seen:
            other = f"{reader.path}.{seen[account]}"
            reader.reject(name, account, f"another account than {other}: three separate accounts")
        elif account:
            seen[account] = name
    return Accounts(**accounts)


def _source(reader: Reader) -> Source:
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
