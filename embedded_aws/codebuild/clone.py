"""A source that is a reference to a commit: the build clones it, with its own role.

Source: CodePipeline user guide, "action-reference-CodestarConnectionSource", OutputArtifactFormat.
"""

from __future__ import annotations

from pathlib import Path

from embedded_aws.calls import RefusedError
from embedded_aws.codebuild.credentials import RoleCredentials
from embedded_aws.codebuild.record import BuildError
from embedded_aws.connections import clones, references
from embedded_aws.connections.repository import RepositoryError


def resolve(folder: Path, role: RoleCredentials) -> None:
    """Makes a clone of an unpacked source that is a reference; leaves any other as it is."""
    reference = references.reference_in(folder)
    if reference is None:
        return
    try:
        clones.clone(reference, folder, role.current())
    except (RefusedError, RepositoryError) as error:
        raise BuildError(
            "CLIENT_ERROR", f"authorization failed for primary source: {error}"
        ) from error
