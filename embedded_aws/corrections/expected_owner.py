"""A request that names the account it expects to own the bucket is refused for any other's.

S3 answers 403 when `x-amz-expected-bucket-owner` is not the owner ("Verifying bucket ownership with
bucket owner condition", Amazon S3 User Guide). MiniStack ignores it, so that whoever takes a bucket
for their own because of its name would never be caught by a stranger's.
"""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import Any

from ministack.services import s3

_HEADER = "x-amz-expected-bucket-owner"


def install() -> None:
    """Asks before the service does anything."""
    original = s3.handle_request

    @functools.wraps(original)
    async def handle(method: str, path: str, headers: Any, *more: Any, **options: Any) -> Any:
        expected = headers.get(_HEADER)
        bucket, _ = s3._parse_bucket_key(path, headers)
        if expected and s3._bucket_owner_account(bucket) not in (expected, None):
            return s3._error("AccessDenied", "Access Denied", HTTPStatus.FORBIDDEN, path)
        return await original(method, path, headers, *more, **options)

    s3.handle_request = handle
