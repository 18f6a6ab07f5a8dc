"""What keeps data and outlives its stack: whether it is empty, and how to remove it.

Only of these kinds does a stack of ours leave anything behind (DeletionPolicy RetainExceptOnCreate;
a table besides because its own deletion protection stops the rollback).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
"""boto3's client of a service."""

_ABSENT: Final = (
    *("ResourceNotFoundException", "NoSuchBucket", "NotFoundException", "404"),
    *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
)


@dataclass(frozen=True)
class Kind:
    """holds: is anything in the store? Raises ClientError if it is not there. remove: for good."""

    holds: Callable[[Clients, str], bool]
    remove: Callable[[Clients, str], object]


def exists(clients: Clients, resource_type: str, name: str) -> bool:
    """Whether a store of a kind in `KINDS` is there."""
    try:
        KINDS[resource_type].holds(clients, name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return False
        raise
    return True


def _table_holds(clients: Clients, name: str) -> bool:
    return bool(clients("dynamodb").scan(TableName=name, Limit=1).get("Items"))


def _remove_table(clients: Clients, name: str) -> None:
    dynamodb = clients("dynamodb")
    if dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name)


def _bucket_holds(clients: Clients, name: str) -> bool:
    listed = clients("s3").list_object_versions(Bucket=name, MaxKeys=1)
    return bool(listed.get("Versions") or listed.get("DeleteMarkers"))


def _queue_holds(clients: Clients, url: str) -> bool:
    count = "ApproximateNumberOfMessages"
    answer = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[count])
    return int(answer["Attributes"][count]) > 0


def _group_exists(clients: Clients, name: str) -> bool:
    """Logs are kept to be read, not to be served: those of a failed creation may go."""
    clients("logs").describe_log_streams(logGroupName=name, limit=1)
    return False


KINDS: Final = {
    "AWS::DynamoDB::Table": Kind(_table_holds, _remove_table),
    "AWS::DynamoDB::GlobalTable": Kind(_table_holds, _remove_table),
    "AWS::S3::Bucket": Kind(
        _bucket_holds, lambda clients, name: clients("s3").delete_bucket(Bucket=name)
    ),
    "AWS::SQS::Queue": Kind(
        _queue_holds, lambda clients, url: clients("sqs").delete_queue(QueueUrl=url)
    ),
    "AWS::Logs::LogGroup": Kind(
        _group_exists, lambda clients, name: clients("logs").delete_log_group(logGroupName=name)
    ),
}
