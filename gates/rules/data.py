"""What loses data where it must survive: everywhere but in the disposable account's stacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.templates import Resource
from assembly.text import references
from gates.delivery import Delivery
from gates.registry import rule

TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
# What holds data, as cfn-lint has it ("StatefulResources.json").
_STORES = (
    *("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::SQS::Queue", *TABLES),
    *("AWS::Backup::BackupVault", "AWS::Cognito::UserPool", "AWS::DocDB::DBCluster"),
    *("AWS::EC2::Volume", "AWS::EFS::FileSystem", "AWS::ElastiCache::ReplicationGroup"),
    *("AWS::FSx::FileSystem", "AWS::Kinesis::Stream", "AWS::Neptune::DBCluster"),
    *("AWS::OpenSearchService::Domain", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"),
    *("AWS::Redshift::Cluster", "AWS::SecretsManager::Secret", "AWS::Timestream::Table"),
)
# UserGuide "DeletionPolicy attribute": the last keeps what exists, and frees names after a failed
# first deployment.
_KEPT = {"Retain", "Snapshot", "RetainExceptOnCreate"}
_KEEPS_NOTHING = {
    "AWS::KMS::Alias",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::IAM::Policy",
    "AWS::CloudWatch::Alarm",
}
_AUTO_DELETE_TAG = "aws-cdk:auto-delete-objects"


@rule(
    "TAP-201",
    why="the data goes when its stack is deleted or CloudFormation replaces the resource",
    fix="set removal_policy to RETAIN",
)
def data_outlives_its_stack(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for store in _kept(delivery, *_STORES):
        if store.type == "AWS::KMS::Key" and not _protects_a_store(store):
            continue
        for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
            if store.declaration.get(attribute) not in _KEPT:
                yield store, attribute


@rule(
    "TAP-202",
    why="what is stored here is emptied before it is deleted, so that nothing can stop a deletion",
    fix="leave auto_delete_objects, empty_on_delete and auto_delete_images to disposable stacks",
)
def nothing_is_emptied(delivery: Delivery) -> Iterator[Resource]:
    yield from _kept(delivery, "Custom::S3AutoDeleteObjects", "Custom::ECRAutoDeleteImages")
    for bucket in _kept(delivery, "AWS::S3::Bucket"):
        tags = {tag["Key"]: tag["Value"] for tag in bucket.properties.get("Tags", [])}
        if tags.get(_AUTO_DELETE_TAG) == "true":
            yield bucket
    for repository in _kept(delivery, "AWS::ECR::Repository"):
        if repository.properties.get("EmptyOnDelete"):
            yield repository


@rule(
    "TAP-203",
    why="without point-in-time recovery a wrong write is final",
    fix="set point_in_time_recovery_enabled=True",
)
def tables_can_go_back_in_time(delivery: Delivery) -> Iterator[Resource]:
    for table in _kept(delivery, *TABLES):
        if not all(
            each.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
            is True
            for each in _replicas(table)
        ):
            yield table


@rule(
    "TAP-204",
    why="one call deletes the table with everything in it",
    fix="set deletion_protection=True",
)
def tables_are_protected(delivery: Delivery) -> Iterator[Resource]:
    for table in _kept(delivery, *TABLES):
        if not all(each.get("DeletionProtectionEnabled") is True for each in _replicas(table)):
            yield table


@rule(
    "TAP-205",
    why="one call deletes the stack and everything in it that is not retained",
    fix="set termination_protection=True on the stack",
)
def stacks_are_protected(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for template in delivery.templates:
        stack = template.stack
        if stack and not (template.nested or stack.disposable or stack.termination_protection):
            yield Resource(template, "", {"Type": "AWS::CloudFormation::Stack"}), stack.name


def _protects_a_store(key: Resource) -> bool:
    """Is anything encrypted with the key that stays? A topic's messages do not."""
    users = (
        each
        for each in key.template.resources()
        if each.logical_id != key.logical_id and key.logical_id in references(each.declaration)
    )
    return not {user.type for user in users} <= _KEEPS_NOTHING


def _kept(delivery: Delivery, *types: str) -> Iterator[Resource]:
    return (each for each in delivery.resources(*types) if not each.disposable)


def _replicas(table: Resource) -> list[dict[str, Any]]:
    """Where the settings of a table stand: in itself, or for a global one in each replica."""
    replicas: list[dict[str, Any]] = table.properties.get("Replicas") or [table.properties]
    return replicas


@rule(
    "TAP-206",
    why="without versions an overwritten or deleted object is gone",
    fix="set versioned=True; a lifecycle rule ends old versions when nobody needs them any more",
)
def objects_have_versions(delivery: Delivery) -> Iterator[Resource]:
    """In environments: what the pipeline keeps is made anew by its next execution."""
    accounts = {each.account for each in delivery.intended.environments}
    for bucket in _kept(delivery, "AWS::S3::Bucket"):
        versions = bucket.properties.get("VersioningConfiguration", {})
        if bucket.template.account in accounts and versions.get("Status") != "Enabled":
            yield bucket
