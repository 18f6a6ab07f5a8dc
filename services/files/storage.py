"""Where uploads, results and what is known of them are kept."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.storage import private_bucket, table, text_attribute
from services.files.runtime.catalogue.items import NEWEST_INDEX, STATUS_INDEX, TTL_ATTRIBUTE

# How long a browser may remember what it was told of other origins.
_PREFLIGHT_AGE = 3600


def uploads_bucket(scope: Construct, *, environment: EnvironmentSettings) -> s3.Bucket:
    """Tells EventBridge of every object, and lets pages of the environment's origins upload.

    An upload stays for good; what replaced or deleted it leaves it for 30 days, which is longer
    than its event may wait in a dead-letter queue.
    """
    bucket = private_bucket(scope, "Uploads", environment=environment, name="uploads")
    _let_pages(bucket, s3.HttpMethods.POST, environment)
    resource = bucket.node.default_child
    if not isinstance(resource, s3.CfnBucket):
        raise TypeError(f"{bucket.node.path} has no AWS::S3::Bucket")
    # The bucket's own property. The CDK's switch would deploy a function that sets it, with rights
    # to the notifications of every bucket in the account.
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )
    return bucket


def results_bucket(scope: Construct, *, environment: EnvironmentSettings) -> s3.Bucket:
    """A bucket of its own: a function that wrote where it is triggered would feed itself."""
    bucket = private_bucket(scope, "Results", environment=environment, name="results")
    _let_pages(bucket, s3.HttpMethods.GET, environment)
    return bucket


def catalogue_table(scope: Construct, *, environment: EnvironmentSettings) -> dynamodb.TableV2:
    """What is known of every file and version; `runtime/catalogue/items.py` says how.

    Both indexes have whole rows, which the API's lists show.
    """
    catalogue = table(
        scope,
        "Catalogue",
        environment=environment,
        name="files",
        key="file_id",
        sort_key="part",
        time_to_live=TTL_ATTRIBUTE,
    )
    for index, key in ((NEWEST_INDEX, "by_kind"), (STATUS_INDEX, "by_status")):
        catalogue.add_global_secondary_index(
            index_name=index,
            partition_key=text_attribute(key),
            sort_key=text_attribute("listed_at"),
            projection_type=dynamodb.ProjectionType.ALL,
        )
    return catalogue


def _let_pages(bucket: s3.Bucket, method: s3.HttpMethods, environment: EnvironmentSettings) -> None:
    """Pages of these origins may do so, with a form or a link that the API signed."""
    bucket.add_cors_rule(
        allowed_methods=[method],
        allowed_origins=list(environment.cors_origins),
        exposed_headers=["ETag"],
        max_age=_PREFLIGHT_AGE,
    )
