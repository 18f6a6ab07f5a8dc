"""What an action gets to work with, and what it gives back: artifacts among it.

Artifacts are zips in the artifact bucket, encrypted with the pipeline's key.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from embedded_aws.codepipeline.executions import Artifact, Revision
from embedded_aws.codepipeline.model import Action, ArtifactStore

INLINE_TEMPLATE_BYTES = 51_200
"""CloudFormation takes a larger template only by URL: "cloudformation-limits"."""


class ActionError(Exception):
    """An action failed. `code` is what `errorDetails.code` shows, the text its message."""

    def __init__(self, message: str, code: str = "JobFailed") -> None:
        super().__init__(message)
        self.code = code


class Report(Protocol):
    """Tells the engine what a running action already knows: fields of `ActionRun`, by name."""

    def __call__(self, **facts: str | None) -> None:
        """Records the facts at once."""


@dataclass(frozen=True)
class Context:
    """One action run as its provider sees it. `configuration` has its variables resolved.

    `outputs` says where artifacts go. `source_revision` is the revision that a source action must
    fetch, None for the newest. `job` is the run's id. `wait(seconds)` pauses; it is False when the
    run has ended from outside: abandoned, or answered.
    """

    pipeline: str
    account: str
    region: str
    pipeline_role_arn: str
    store: ArtifactStore
    execution_id: str
    job: str
    stage: str
    action: Action
    configuration: Mapping[str, str]
    inputs: Mapping[str, Artifact]
    outputs: Mapping[str, Artifact]
    source_revision: str | None
    source_branch: str | None
    revisions: Sequence[Revision]
    report: Report
    wait: Callable[[float], bool]


@dataclass(frozen=True)
class Outcome:
    """What a successful action leaves: output variables, artifacts, for a source its revision."""

    variables: Mapping[str, str] = field(default_factory=dict)
    artifacts: Sequence[Artifact] = ()
    summary: str = ""
    revision: Revision | None = None


class Runner(Protocol):
    """Performs the actions of one provider."""

    def __call__(self, context: Context) -> Outcome:
        """Returns when the action has succeeded; raises `ActionError` when it failed."""


def upload(context: Context, s3: Any, artifact: Artifact, content: bytes) -> None:
    """Puts an artifact into the bucket with the credentials that `s3` has."""
    encryption = {"ServerSideEncryption": "AES256"}
    if context.store.key_id:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": context.store.key_id}
    s3.put_object(Bucket=artifact.bucket, Key=artifact.key, Body=content, **encryption)


def download(s3: Any, artifact: Artifact) -> bytes:
    """The artifact, from where it is, with the credentials that `s3` has."""
    content: bytes = s3.get_object(Bucket=artifact.bucket, Key=artifact.key)["Body"].read()
    return content


def read(context: Context, s3: Any, reference: str) -> bytes:
    """The file that `ArtifactName::path/in/it` names."""
    name, separator, path = reference.partition("::")
    artifact = context.inputs.get(name)
    if not separator or artifact is None:
        raise ActionError(f"{reference} names no input artifact of the action")
    content = download(s3, artifact)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(path)
    except KeyError:
        raise ActionError(f"File [{path}] does not exist in artifact [{name}]") from None


def zip_of(name: str, content: bytes) -> bytes:
    """A zip that holds one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()
