"""Which connection is played in a root: one file that whoever makes the bare repository writes.

The server and the repository's hook read it, so the standard library is all that is used here. At
AWS a connection belongs to one account and region, which its ARN names, and reaches the
repositories that its owner let it reach; here that is one.
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

_FILE = "connection.json"


class NotPlayedError(Exception):
    """No connection is played in the root."""


@dataclass(frozen=True)
class Connection:
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

    def write(self, root: Path) -> None:
        """From now on this is the connection of `root`."""
        root.mkdir(parents=True, exist_ok=True)
        (root / _FILE).write_text(json.dumps(asdict(self)))


def read(root: Path) -> Connection:
    """The connection that is played in `root`; `NotPlayedError` when none is."""
    try:
        return Connection(**json.loads((root / _FILE).read_text()))
    except FileNotFoundError as error:
        raise NotPlayedError(f"no connection is played in {root}") from error
