"""A bucket made by CloudFormation carries the tags of its template.

MiniStack drops `Tags` of `AWS::S3::Bucket`. CDK's `auto_delete_objects` deletes only from buckets
tagged `aws-cdk:auto-delete-objects`, so that a rolled-back stack would end in ROLLBACK_FAILED,
which AWS does not do (`AWS::S3::Bucket`, property Tags, CloudFormation template reference).
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::S3::Bucket"


def install() -> None:
    """Wraps the type's create and update; the handlers' other entries stay."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handlers["create"], handlers["update"]

    def tagged_create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        name, attributes = create(logical_id, props, stack)
        _tag(name, props)
        return name, attributes

    def tagged_update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str
    ) -> Any:
        name, attributes = update(physical_id, old, new, stack)
        _tag(name, new)
        return name, attributes

    provisioners._RESOURCE_HANDLERS[_TYPE] = handlers | {
        "create": tagged_create,
        "update": tagged_update,
    }


def _tag(bucket: str, props: dict[str, Any]) -> None:
    s3._bucket_tags[bucket] = {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}
