"""What stands in for a commit that a build is to clone: `CODEBUILD_CLONE_REF`.

Source: CodePipeline user guide, "action-reference-CodestarConnectionSource", OutputArtifactFormat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "codebuild-clone-reference.json"
"""The one file of an artifact that is a reference."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Reference:
    """A commit, and where it is: `about` names the connection, or the CodeCommit repository."""

    commit: str
    about: Mapping[str, str]

    def written(self) -> bytes:
        """The reference as the artifact's file."""
        return json.dumps({"commit": self.commit, "about": dict(self.about)}).encode()


def reference_in(folder: Path) -> Reference | None:
    """The reference that an unpacked artifact holds, None when it holds files.

    Any build may hand on a file of that name: with another content it is one like all others.
    """
    if [path.name for path in folder.iterdir()] != [FILE] or not (folder / FILE).is_file():
        return None
    try:
        document = json.loads((folder / FILE).read_bytes())
    except (ValueError, RecursionError):
        return None
    match document:
        case {
            "commit": str(commit),
            "about": (
                {"RepositoryName": str()} | {"ConnectionArn": str(), "FullRepositoryName": str()}
            ) as about,
        } if _COMMIT.fullmatch(commit):
            return Reference(commit, about)
    return None
