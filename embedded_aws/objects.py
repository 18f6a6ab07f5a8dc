"""How our own services read objects of S3: asked for like any caller, taken from where they are.

S3 is in this very process. It answers whether the caller may have the object, and with which
version; sending itself a hundred megabytes on top takes most of a second, of which a delivery has a
dozen.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def read(client: Any, bucket: str, key: str, version: str | None = None) -> bytes:
    """The content of an object, as GetObject gives it to the client's caller.

    client: of S3, on a worker thread. version: the newest unless told. Raises `ClientError`.
    """
    # The rest of what actions and builds are made of is read without the emulator, too.
    from ministack.services import s3 as store  # noqa: PLC0415

    request = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
    try:
        found = client.get_object(**request, Range="bytes=0-0")
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidRange":
            return b""  # it has no first byte
        raise
    found["Body"].close()
    known = found.get("VersionId")
    pinned = {"version_id": known} if known not in (None, "null") else {}
    content: bytes | None = store._get_object_data(bucket, key, **pinned)
    # One that was removed since then is for S3 to speak of.
    return content if content is not None else bytes(client.get_object(**request)["Body"].read())
