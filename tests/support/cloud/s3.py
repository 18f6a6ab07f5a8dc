"""One S3 bucket in memory, without versions.

Source: "PutObject", "PutObjectTagging", Amazon S3 API Reference; "Conditional writes",
Amazon S3 User Guide: `IfNoneMatch="*"` refuses with 412 when the key is taken.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import md5, sha256
from typing import Any
from urllib.parse import parse_qsl

from tests.support.cloud.refusals import RefusedError


@dataclass(frozen=True)
class StoredObject:
    body: bytes
    content_type: str
    tags: dict[str, str]


@dataclass
class Bucket:
    name: str
    objects: dict[str, StoredObject] = field(default_factory=dict)

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        ContentType: str = "binary/octet-stream",
        IfNoneMatch: str = "",
        Tagging: str = "",
        ChecksumSHA256: str = "",
    ) -> dict[str, Any]:
        self._mine(Bucket)
        if ChecksumSHA256 and ChecksumSHA256 != b64encode(sha256(Body).digest()).decode():
            raise RefusedError("BadDigest", 400)
        if IfNoneMatch and Key in self.objects:
            raise RefusedError("PreconditionFailed", 412)
        self.objects[Key] = StoredObject(bytes(Body), ContentType, dict(parse_qsl(Tagging)))
        return {"ETag": _etag(Body)}

    def put_object_tagging(
        self, *, Bucket: str, Key: str, Tagging: dict[str, list[dict[str, str]]]
    ) -> dict[str, Any]:
        self._mine(Bucket)
        if Key not in self.objects:
            raise RefusedError("NoSuchKey", 404)
        stored = self.objects[Key]
        tags = {tag["Key"]: tag["Value"] for tag in Tagging["TagSet"]}
        self.objects[Key] = StoredObject(stored.body, stored.content_type, tags)
        return {}

    def _mine(self, name: str) -> None:
        if name != self.name:
            raise RefusedError("NoSuchBucket", 404)


def _etag(body: bytes) -> str:
    return f'"{md5(body, usedforsecurity=False).hexdigest()}"'
