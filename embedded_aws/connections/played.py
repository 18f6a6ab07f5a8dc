"""Which source is played in a root: one file that whoever makes the bare repository writes.

The repository stands for what the pipelines follow at AWS: a connection to a git provider, a
CodeCommit repository, or an object in S3 that somebody uploads. The server and the repository's
hook read the file, so the standard library is all that is used here. At AWS a connection belongs to
one account and region, which its ARN names, and reaches the repositories that its owner let it
reach; here that is one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

TARGETS = {
    "codestar-connections": "com.amazonaws.codestar.connections.CodeStar_connections_20191201",
    "codeconnections": "com.amazonaws.codeconnections.CodeConnections_20231201",
}
"""The service's old and new name (as in ARNs and permissions) and the prefixes of X-Amz-Target."""

FILE = "source.json"
"""Its name in the root."""


class NotPlayedError(Exception):
    """Nothing, or something else, is played in the root."""


class _Written:
    """What the three kinds have in common."""

    def write(self, root: Path) -> None:
        """From now on this is the source of `root`."""
        root.mkdir(parents=True, exist_ok=True)
        document = {type(self).__name__: asdict(self)}  # type: ignore[call-overload]
        (root / FILE).write_text(json.dumps(document))


@dataclass(frozen=True)
class Connection(_Written):
    """`arn` in either of the service's names; `repository` as the provider has it, `owner/name`.

    `branch` is the one that `HEAD` of the bare repository names. `follow` is what the hook tells
    the developer to run after a start, empty for nothing. `status` is what the service says of it:
    at AWS one made by an API stays PENDING until a person has finished it in the console.
    """

    arn: str
    repository: str
    branch: str = "main"
    follow: str = ""
    status: str = "AVAILABLE"

    @property
    def region(self) -> str:
        """The connection's region."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account that owns the connection."""
        return self.arn.split(":")[4]


@dataclass(frozen=True)
class CodeCommit(_Written):
    """A CodeCommit repository, by its name, in an account and region; the rest as above."""

    account: str
    region: str
    repository: str
    branch: str = "main"
    follow: str = ""

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return f"arn:aws:codecommit:{self.region}:{self.account}:{self.repository}"


@dataclass(frozen=True)
class S3Object(_Written):
    """An object in a versioned bucket: a push to `branch` uploads the commit as a zip."""

    account: str
    region: str
    bucket: str
    key: str
    branch: str = "main"
    follow: str = ""


Source = Connection | CodeCommit | S3Object
_KINDS = {kind.__name__: kind for kind in (Connection, CodeCommit, S3Object)}


def read(root: Path) -> Source:
    """What is played in `root`; `NotPlayedError` when nothing is."""
    try:
        ((kind, fields),) = json.loads((root / FILE).read_text()).items()
    except FileNotFoundError as error:
        raise NotPlayedError(f"no source is played in {root}") from error
    source: Source = _KINDS[kind](**fields)
    return source


def connection(root: Path) -> Connection:
    """The connection that is played in `root`; `NotPlayedError` when it is something else."""
    source = read(root)
    if not isinstance(source, Connection):
        raise NotPlayedError(f"no connection is played in {root}, but {source}")
    return source


def codecommit(root: Path) -> CodeCommit:
    """The CodeCommit repository of `root`; `NotPlayedError` when it is something else."""
    source = read(root)
    if not isinstance(source, CodeCommit):
        raise NotPlayedError(f"no CodeCommit repository is played in {root}, but {source}")
    return source
