"""By what the pipeline's executions name a commit that was pushed."""

from __future__ import annotations

from embedded_aws.connections import played
from embedded_aws.connections.played import S3Object
from embedded_aws.server import Server
from rehearsal.accounts import TOOLS, Directory


def revision_of(server: Server, commit: str) -> str:
    """The commit, or the version of the object that the last push of it uploaded."""
    source = played.read(server.root)
    if not isinstance(source, S3Object):
        return commit
    s3 = Directory(server).session(TOOLS).client("s3")
    return str(s3.head_object(Bucket=source.bucket, Key=source.key)["VersionId"])
