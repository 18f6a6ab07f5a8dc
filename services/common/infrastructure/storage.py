"""A private bucket, a table and a log group as every service of ours has them."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings

# Long enough to undo an overwrite or a deletion that somebody noticed, short enough to be cheap.
UNDO_WINDOW = cdk.Duration.days(30)


def private_bucket(
    scope: Construct, construct_id: str, *, environment: EnvironmentSettings, name: str
) -> s3.Bucket:
    """Encrypted, versioned, TLS-only, closed to the public and to ACLs.

    name: the part between environment and account, e.g. "bucket". Bucket names are global, so
    account and region follow it.
    """
    stack = cdk.Stack.of(scope)
    return s3.Bucket(
        scope,
        construct_id,
        bucket_name=f"{environment.named(name)}-{stack.account}-{stack.region}",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="undo-window",
                noncurrent_version_expiration=UNDO_WINDOW,
                abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
            )
        ],
        removal_policy=environment.removal_policy,
        auto_delete_objects=environment.disposable,
    )


def table(
    scope: Construct,
    construct_id: str,
    *,
    environment: EnvironmentSettings,
    name: str,
    key: str,
    sort_key: str | None = None,
    time_to_live: str | None = None,
) -> dynamodb.TableV2:
    """On-demand and encrypted.

    key, sort_key: attributes with texts. time_to_live: the attribute that says when an item is to
    go, in seconds since 1970. Where data must survive: point-in-time recovery (35 days) and
    deletion protection.
    """
    keep = not environment.disposable
    return dynamodb.TableV2(
        scope,
        construct_id,
        table_name=environment.named(name),
        partition_key=text_attribute(key),
        sort_key=text_attribute(sort_key) if sort_key else None,
        time_to_live_attribute=time_to_live,
        billing=dynamodb.Billing.on_demand(),
        encryption=dynamodb.TableEncryptionV2.aws_managed_key(),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=keep
        ),
        deletion_protection=keep,
        removal_policy=environment.removal_policy,
    )


def text_attribute(name: str) -> dynamodb.Attribute:
    """An attribute of a key, which holds texts."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def log_group(
    scope: Construct, construct_id: str, *, environment: EnvironmentSettings, name: str
) -> logs.LogGroup:
    """One week of logs under a name of our own, so that no service creates it without an end."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=logs.RetentionDays.ONE_WEEK,
        removal_policy=environment.removal_policy,
    )
