"""Source from an object in S3, provider `S3`.

Source: CodePipeline user guide "action-reference-S3": a zip in a bucket with versions, which is the
output artifact as it stands; output variables ETag and VersionId; the revision's summary is the
object's metadata `codepipeline-artifact-revision-summary` (API reference, SourceRevision).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codepipeline.actions import base
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.executions import Revision, now

_SUMMARY = "codepipeline-artifact-revision-summary"


def fetch(context: Context) -> Outcome:
    """Copies the wanted version of the object, or its newest, into the output artifact."""
    bucket, key = context.configuration["S3Bucket"], context.configuration["S3ObjectKey"]
    (artifact,) = context.outputs.values()
    with ActionClients(context) as clients:
        try:
            found = _get(context, clients("s3"), bucket, key)
            base.upload(context, clients("s3"), artifact, found["Body"].read())
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            raise ActionError(
                f"The object with key '{key}' in bucket '{bucket}' could not be taken: {message}",
                code="PermissionError" if code == "AccessDenied" else "ConfigurationError",
            ) from error
    version, etag = found["VersionId"], found["ETag"].strip('"')
    summary = found["Metadata"].get(_SUMMARY) or f"Amazon S3 version id: {version}"
    return Outcome(
        variables={"ETag": etag, "VersionId": version},
        artifacts=(artifact,),
        summary=summary,
        revision=Revision(
            context.action.name, artifact.name, version, summary, url=None, created=now()
        ),
    )


def _get(context: Context, s3: Any, bucket: str, key: str) -> dict[str, Any]:
    version = {"VersionId": context.source_revision} if context.source_revision else {}
    found: dict[str, Any] = s3.get_object(Bucket=bucket, Key=key, **version)
    if found.get("VersionId") in (None, "null"):
        raise ActionError(
            f"the bucket {bucket} keeps no versions, which a source needs",
            code="ConfigurationError",
        )
    return found
