"""The end of artifacts that nobody goes back to, before a state is kept for the next rehearsal.

At AWS the artifact bucket's own rule ends them, after a time that no rehearsal waits for
(pipeline/artifacts.py). Every delivery brings some 200 MB of them, which each later rehearsal would
have to read and to write again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from embedded_aws.server import Server
from rehearsal.accounts import TOOLS, Directory

# API reference, DeleteObjects.
_AT_ONCE = 1000


def expire(server: Server, pipeline: str, before: datetime) -> None:
    """Removes every artifact of `pipeline` that was written before this moment."""
    directory = Directory(server)
    client = directory.session(TOOLS).client("codepipeline")
    definition = client.get_pipeline(name=pipeline)["pipeline"]
    for region, bucket in _buckets(definition, server.region):
        s3 = directory.session(TOOLS, region).client("s3")
        # S3 tells whole seconds.
        old = [*_written_before(s3, bucket, before.replace(microsecond=0))]
        for first in range(0, len(old), _AT_ONCE):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": old[first : first + _AT_ONCE]})


def _buckets(definition: dict[str, Any], region: str) -> Iterator[tuple[str, str]]:
    """Each with its region; a pipeline has one store, or one for every region that it acts in."""
    stores = definition.get("artifactStores") or {region: definition["artifactStore"]}
    for where, store in stores.items():
        yield where, store["location"]


def _written_before(s3: Any, bucket: str, moment: datetime) -> Iterator[dict[str, str]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        for each in page.get("Versions", []):
            if each["LastModified"] < moment:
                yield {"Key": each["Key"], "VersionId": each["VersionId"]}
