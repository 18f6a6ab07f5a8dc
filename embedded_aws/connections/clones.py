"""What stands in for a commit that a build is to clone: `CODEBUILD_CLONE_REF`.

The source action writes a reference, the build makes a clone of it with the permissions of its own
role (CodePipeline user guide, "troubleshooting", codestar-connections:UseConnection for
CODEBUILD_CLONE_REF; "action-reference-CodeCommit", codecommit:GitPull).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded_aws import registry
from embedded_aws.connections import codecommit, played, repository

FILE = "codebuild-clone-reference.json"
"""The one file of an artifact that is a reference."""


@dataclass(frozen=True)
class Reference:
    """A commit, and where it is: `about` names the connection, or the CodeCommit repository."""

    commit: str
    about: Mapping[str, str]

    def written(self) -> bytes:
        """The reference as the artifact's file."""
        return json.dumps({"commit": self.commit, "about": dict(self.about)}).encode()


def reference_in(folder: Path) -> Reference | None:
    """The reference that an unpacked artifact holds, None when it holds files."""
    if [path.name for path in folder.iterdir()] != [FILE]:
        return None
    document = json.loads((folder / FILE).read_text())
    return Reference(document["commit"], document["about"])


def clone(reference: Reference, folder: Path, credentials: Mapping[str, str]) -> None:
    """Makes `folder` a clone with all history, at the commit, on no branch.

    Raises `calls.RefusedError` when the credentials do not permit it, `RepositoryError` when git
    cannot. The remote is called as it is at AWS, where nothing here reaches it.
    """
    url = _permitted(reference.about, credentials)
    (folder / FILE).unlink()
    _git("clone", "--quiet", "--no-checkout", "--no-hardlinks", str(repository.path()), str(folder))
    _git("-C", str(folder), "checkout", "--quiet", "--detach", reference.commit)
    _git("-C", str(folder), "remote", "set-url", "origin", url)


def _permitted(about: Mapping[str, str], credentials: Mapping[str, str]) -> str:
    """The address of what may be cloned."""
    region = registry.region()
    if name := about.get("RepositoryName"):
        registry.call(
            "codecommit", f"{codecommit.TARGET}.GitPull", {"repositoryName": name}, credentials
        )
        return f"https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"
    arn, service = about["ConnectionArn"], "codestar-connections"
    target = f"{played.TARGETS[service]}.UseConnection"
    registry.call(service, target, {"ConnectionArn": arn}, credentials)
    account, identifier = arn.split(":")[4], arn.rpartition("/")[2]
    host = f"{service}.{region}.amazonaws.com"
    name = about["FullRepositoryName"]
    return f"https://{host}/git-http/{account}/{region}/{identifier}/{name}.git"


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise repository.RepositoryError(lines[-1] if lines else f"git {arguments[0]} failed")
