"""A template's URL may lead to a bucket of another account.

CloudFormation reads `TemplateURL` wherever the caller may read it ("CreateChangeSet", API
reference). MiniStack looks only among the caller's own buckets, so that a deployment into another
account never finds a template too large to be sent along. Whether the caller may read the object
is not checked by the emulator, in either account.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_region, request_scope
from ministack.services import s3


def install() -> None:
    """Looks for what other services read from S3 in the account that owns the bucket."""
    original = s3._get_object_data

    def found(bucket: str, key: str, **version: Any) -> Any:
        owner = s3._bucket_owner_account(bucket)
        if owner is None:
            return original(bucket, key, **version)
        with request_scope(owner, get_region()):
            return original(bucket, key, **version)

    s3._get_object_data = found
