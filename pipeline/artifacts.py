"""Where the pipeline keeps what its actions hand on to each other."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

# A rollback deploys the artifacts of an earlier execution, and an approval may wait for 60 days:
# what either may still need is kept.
KEPT: Final = cdk.Duration.days(180)


def artifact_bucket(scope: Construct) -> s3.Bucket:
    """A private bucket under a key of its own, which the target accounts' deploy roles may read.

    The key is ours because an AWS managed one cannot be used from another account.
    """
    key = kms.Key(
        scope,
        "ArtifactKey",
        description="Encrypts the artifacts of tap-pipeline",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    return s3.Bucket(
        scope,
        "Artifacts",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=KEPT, abort_incomplete_multipart_upload_after=cdk.Duration.days(7)
            )
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
