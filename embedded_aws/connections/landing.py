"""What a push becomes at the played source, before any pipeline hears of it.

A connection's provider only calls its webhook. CodeCommit sends an event to EventBridge (CodeCommit
user guide, "monitoring-events", referenceCreated and referenceUpdated Event). For S3 the commit is
uploaded as a zip, as whoever feeds such a pipeline does, and CloudTrail's event of the upload
follows, by which the CDK starts pipelines with `S3Trigger.EVENTS` (`Bucket.onCloudTrailPutObject`).
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import eventbridge

from embedded_aws import registry
from embedded_aws.connections import repository
from embedded_aws.connections.played import CodeCommit, S3Object, Source
from embedded_aws.connections.pushes import Push


def land(source: Source, push: Push) -> None:
    """Plays the source's own side of the push, called as the account of the source."""
    if isinstance(source, CodeCommit):
        _send(_reference_event(source, push))
    elif isinstance(source, S3Object) and push.branch == source.branch:
        _upload(source, push)
        _send(_upload_event(source))


def _send(event: dict[str, Any]) -> None:
    # AWS's own services send events whose source begins with `aws.`; nobody else may.
    entry = {**event, "Detail": json.dumps(event["Detail"])}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _reference_event(source: CodeCommit, push: Push) -> dict[str, Any]:
    name = push.branch or push.tag
    kind = "branch" if push.branch else "tag"
    return {
        "Source": "aws.codecommit",
        "DetailType": "CodeCommit Repository State Change",
        "Resources": [source.arn],
        "Detail": {
            "event": "referenceCreated" if push.created else "referenceUpdated",
            "repositoryName": source.repository,
            "repositoryId": source.repository,
            "referenceType": kind,
            "referenceName": name,
            "referenceFullName": f"refs/{'heads' if push.branch else 'tags'}/{name}",
            "commitId": push.commit,
        },
    }


def _upload_event(source: S3Object) -> dict[str, Any]:
    bucket = f"arn:aws:s3:::{source.bucket}"
    return {
        "Source": "aws.s3",
        "DetailType": "AWS API Call via CloudTrail",
        "Resources": [],
        "Detail": {
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "requestParameters": {"bucketName": source.bucket, "key": source.key},
            "resources": [
                {"type": "AWS::S3::Object", "ARN": f"{bucket}/{source.key}"},
                {"type": "AWS::S3::Bucket", "ARN": bucket, "accountId": source.account},
            ],
        },
    }


def _location(region: str) -> dict[str, Any]:
    """API reference, CreateBucket: us-east-1 is the default and no value of its own."""
    constraint = {"LocationConstraint": region}
    return {} if region == "us-east-1" else {"CreateBucketConfiguration": constraint}


def _upload(source: S3Object, push: Push) -> None:
    """Puts the commit into the bucket as its owner, who makes one first where none is."""
    commit = repository.commit(push.commit)
    with closing(registry.client("s3", account=source.account)) as s3:
        try:
            s3.head_bucket(Bucket=source.bucket)
        except ClientError:
            s3.create_bucket(Bucket=source.bucket, **_location(source.region))
            s3.put_bucket_versioning(
                Bucket=source.bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        summary = commit.message.encode("ascii", "replace").decode().partition("\n")[0]
        s3.put_object(
            Bucket=source.bucket,
            Key=source.key,
            Body=repository.archive(push.commit),
            Metadata={"codepipeline-artifact-revision-summary": summary},
        )
