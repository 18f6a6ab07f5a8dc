"""What the stacks of an account hold in a region: their resources, and what is stored in those that
store.

Read through CloudFormation, DynamoDB, S3 and SQS alone, so that it says the same of any app.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from embedded_aws.clients import Session

TABLE, BUCKET, QUEUE = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue"
_KINDS = {"AWS::DynamoDB::GlobalTable": TABLE}
"""Types that are another by what they store."""
_ENDED = ("DELETE_COMPLETE",)
_TOOLKIT = "CDKToolkit"


@dataclass(frozen=True)
class Resource:
    """A resource of a stack. physical: its id at AWS. held: keys of what is stored in it, each with
    the time (seconds since 1970) at which it may vanish; None where that is not read here."""

    stack: str
    name: str
    type: str
    physical: str
    held: Mapping[str, float | None] | None = None

    @property
    def kind(self) -> str:
        """The type; one for all that store alike."""
        return _KINDS.get(self.type, self.type)


def read(session: Session) -> dict[tuple[str, str], Resource]:
    """By stack and logical id, nested stacks included; the bootstrap's own stacks left out."""
    readers = {TABLE: _items, BUCKET: _objects, QUEUE: _messages}
    found = {}
    for stack, row in _resources(session.client("cloudformation")):
        name, physical = row["LogicalResourceId"], row.get("PhysicalResourceId", "")
        resource = Resource(stack, name, row["ResourceType"], physical)
        if reader := readers.get(resource.kind):
            resource = replace(resource, held=reader(session, physical))
        found[stack, name] = resource
    return found


def _resources(cloudformation: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"].startswith(_TOOLKIT) or stack["StackStatus"] in _ENDED:
                continue
            pages = cloudformation.get_paginator("list_stack_resources")
            for rows in pages.paginate(StackName=stack["StackName"]):
                for row in rows["StackResourceSummaries"]:
                    if row["ResourceStatus"] not in _ENDED:
                        yield _lasting(stack), row


def _lasting(stack: Mapping[str, Any]) -> str:
    """A nested stack's name has an end that another creation would not have."""
    name = str(stack["StackName"])
    return name.rpartition("-")[0] if stack.get("ParentId") else name


def _items(session: Session, table: str) -> dict[str, float | None]:
    """Primary keys."""
    dynamodb = session.client("dynamodb")
    schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    keys = [each["AttributeName"] for each in schema]
    lifetime = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    expiry = lifetime.get("AttributeName", "")
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return {
        json.dumps({key: item[key] for key in keys}, sort_keys=True, default=str): (
            float(item[expiry]["N"]) if "N" in item.get(expiry, {}) else None
        )
        for page in pages
        for item in page["Items"]
    }


def _objects(session: Session, bucket: str) -> dict[str, float | None]:
    """Keys of current objects."""
    pages = session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {each["Key"]: None for page in pages for each in page.get("Contents", [])}


def _messages(session: Session, url: str) -> dict[str, float | None]:
    """Messages have no keys that can be seen without receiving them: their numbers stand in."""
    names = ["ApproximateNumberOfMessages"]
    answer = session.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return {str(number): None for number in range(int(answer["Attributes"][names[0]]))}
