"""Where it is kept who let which release into the guarded environment, when and why."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

# An overwritten record stays readable for as long as anybody may be asked about it.
OVERWRITTEN_KEPT: Final = cdk.Duration.days(3650)


def bucket_name(scope: Construct, pipeline_name: str) -> str:
    """`<pipeline>-decisions-<account>-<Region>`, by which `ops/` finds it."""
    stack = cdk.Stack.of(scope)
    return f"{pipeline_name}-decisions-{stack.account}-{stack.region}"


def decision_bucket(scope: Construct, pipeline_name: str) -> s3.Bucket:
    """The bucket, which keeps the pages, too, that the decisions were made from.

    CodePipeline forgets an execution after twelve months ("Quotas in AWS CodePipeline"); this keeps
    decisions for good, also when the pipeline goes, and an overwritten one as an older version.
    """
    bucket = s3.Bucket(
        scope,
        "Decisions",
        bucket_name=bucket_name(scope, pipeline_name),
        versioned=True,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                noncurrent_version_expiration=OVERWRITTEN_KEPT,
                abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
            )
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    _tells_of_objects(bucket)
    return bucket


def _tells_of_objects(bucket: s3.Bucket) -> None:
    """EventBridge hears of every record ("Using EventBridge", Amazon S3 User Guide).

    `s3.Bucket(event_bridge_enabled=...)` would deploy a function for it.
    """
    resource = bucket.node.default_child
    if not isinstance(resource, s3.CfnBucket):
        raise TypeError(f"{bucket.node.path} has no AWS::S3::Bucket")
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )
