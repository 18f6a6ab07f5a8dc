"""Artifacts: zips in the artifact bucket, encrypted with the pipeline's key."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from embedded_aws.codepipeline.actions.base import Context
from embedded_aws.codepipeline.errors import ActionError
from embedded_aws.codepipeline.state import Artifact

INLINE_TEMPLATE_BYTES = 51_200
"""CloudFormation takes a larger template only by URL: "cloudformation-limits"."""


def upload(context: Context, s3: Any, artifact: Artifact, content: bytes) -> None:
    """Puts an artifact into the bucket with the credentials that `s3` has."""
    encryption = {"ServerSideEncryption": "AES256"}
    if context.store.key_id:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": context.store.key_id}
    s3.put_object(Bucket=artifact.bucket, Key=artifact.key, Body=content, **encryption)


def read(context: Context, s3: Any, reference: str) -> bytes:
    """The file that `ArtifactName::path/in/it` names."""
    name, separator, path = reference.partition("::")
    artifact = context.inputs.get(name)
    if not separator or artifact is None:
        raise ActionError(f"{reference} names no input artifact of the action")
    content = s3.get_object(Bucket=artifact.bucket, Key=artifact.key)["Body"].read()
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
