"""S3 buckets in memory that keep versions: reading one, storing whole and in parts.

Source: "GetObject", "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
"HeadBucket", Amazon S3 API Reference.
"""

from __future__ import annotations

import hashlib
import io
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.cloud.refusals import RefusedError

SMALLEST_PART = 5 * 1024 * 1024


@dataclass(frozen=True)
class Version:
    version_id: str
    body: bytes
    content_type: str


class Body(io.BytesIO):
    """Of a reply, read in pieces."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while piece := self.read(size):
            yield piece


@dataclass
class _Multipart:
    bucket: str
    key: str
    content_type: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class VersionedStorage:
    """All buckets of one account. versions: by bucket and key, the oldest first."""

    buckets: tuple[str, ...]
    smallest_part: int = SMALLEST_PART
    versions: dict[tuple[str, str], list[Version]] = field(default_factory=dict)
    uploads: dict[str, _Multipart] = field(default_factory=dict)
    _ids: int = 0

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        ContentType: str = "binary/octet-stream",
        ChecksumSHA256: str = "",
    ) -> dict[str, Any]:
        self._require(Bucket)
        _require_checksum(Body, ChecksumSHA256)
        return {"VersionId": self._add(Bucket, Key, Body, ContentType)}

    def get_object(self, *, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:
        self._require(Bucket)
        for version in self.versions.get((Bucket, Key), []):
            if version.version_id == VersionId:
                return {"Body": Body(version.body), "ContentType": version.content_type}
        raise RefusedError("NoSuchVersion", 404)

    def head_bucket(self, *, Bucket: str) -> dict[str, Any]:
        self._require(Bucket)
        return {}

    def create_multipart_upload(
        self, *, Bucket: str, Key: str, ContentType: str, ChecksumAlgorithm: str
    ) -> dict[str, Any]:
        self._require(Bucket)
        if ChecksumAlgorithm != "SHA256":
            raise RefusedError("InvalidRequest", 400)
        upload_id = self._next("upload")
        self.uploads[upload_id] = _Multipart(Bucket, Key, ContentType)
        return {"UploadId": upload_id}

    def upload_part(
        self,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        PartNumber: int,
        Body: bytes,
        ChecksumSHA256: str,
    ) -> dict[str, Any]:
        upload = self._upload(Bucket, Key, UploadId)
        _require_checksum(Body, ChecksumSHA256)
        upload.parts[PartNumber] = Body
        return {"ETag": _etag(Body)}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: dict[str, Any]
    ) -> dict[str, Any]:
        upload = self._upload(Bucket, Key, UploadId)
        named = MultipartUpload["Parts"]
        bodies = [upload.parts[part["PartNumber"]] for part in named]
        if [part["ETag"] for part in named] != [_etag(body) for body in bodies]:
            raise RefusedError("InvalidPart", 400)
        if any(len(body) < self.smallest_part for body in bodies[:-1]):
            raise RefusedError("EntityTooSmall", 400)
        del self.uploads[UploadId]
        return {"VersionId": self._add(Bucket, Key, b"".join(bodies), upload.content_type)}

    def latest(self, bucket: str, key: str) -> bytes:
        return self.versions[bucket, key][-1].body

    def _upload(self, bucket: str, key: str, upload_id: str) -> _Multipart:
        upload = self.uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise RefusedError("NoSuchUpload", 404)
        return upload

    def _add(self, bucket: str, key: str, body: bytes, content_type: str) -> str:
        version = Version(self._next("version"), bytes(body), content_type)
        self.versions.setdefault((bucket, key), []).append(version)
        return version.version_id

    def _next(self, what: str) -> str:
        self._ids += 1
        return f"{what}-{self._ids}"

    def _require(self, bucket: str) -> None:
        if bucket not in self.buckets:
            raise RefusedError("NoSuchBucket", 404)


def _require_checksum(body: bytes, checksum: str) -> None:
    if checksum and checksum != b64encode(hashlib.sha256(body).digest()).decode():
        raise RefusedError("BadDigest", 400)


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
