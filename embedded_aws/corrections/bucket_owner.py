"""`s3:ResourceAccount` is the account that owns the bucket, also when another account asks.

AWS compares the key with the bucket's owner ("Actions, resources, and condition keys for Amazon
S3", Service Authorization Reference). A bucket's ARN carries no account, so MiniStack takes the
caller's. The bootstrap's deployment role may read artifacts only from buckets whose
`s3:ResourceAccount` is *not* its own account: without this no deployment can read its template.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import s3

_KEYS = frozenset({"s3:resourceaccount", "aws:resourceaccount"})
_BUCKET = "arn:aws:s3:::"


def install() -> None:
    """Wraps the look-up of condition keys; all others are resolved as before."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_with_owner(key: str, context: Any) -> Any:
        owner = _owner(context.resource_arn) if key.lower() in _KEYS else None
        return owner or resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_with_owner


def _owner(resource_arn: str) -> str | None:
    if not resource_arn.startswith(_BUCKET):
        return None
    bucket = resource_arn.removeprefix(_BUCKET).partition("/")[0]
    return s3._bucket_owner_account(bucket) or None
