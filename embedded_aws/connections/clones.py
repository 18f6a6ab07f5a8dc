"""The clone that a build makes of a commit it was given a reference to.

It does so with the permissions of its own role (CodePipeline user guide, "troubleshooting",
codestar-connections:UseConnection for CODEBUILD_CLONE_REF; "action-reference-CodeCommit",
codecommit:GitPull).
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from embedded_aws import registry
from embedded_aws.connections import codecommit, played, repository
from embedded_aws.connections.references import FILE, Reference


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
