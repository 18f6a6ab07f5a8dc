"""A bucket made by CloudFormation carries the tags of its template.

MiniStack drops `Tags` of `AWS::S3::Bucket`. CDK's `auto_delete_objects` deletes only from buckets
tagged `aws-cdk:auto-delete-objects`, so that a rolled-back stack would end in ROLLBACK_FAILED,
which AWS does not do (`AWS::S3::Bucket`, property Tags, CloudFormation template reference).
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from embedded_aws.registry import after_each


def install() -> None:
    """Tags each bucket that CloudFormation makes or updates."""
    after_each("AWS::S3::Bucket", _tag)


def _tag(bucket: str, props: dict[str, Any]) -> None:
    s3._bucket_tags[bucket] = {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}
