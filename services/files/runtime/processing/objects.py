"""The bytes of uploads and results, in S3. Neither is ever whole in memory."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from services.common.runtime.aws import faults_as_unavailable
from services.files.runtime.catalogue.models import Result
from services.files.runtime.processing.event import EventError, Upload
from services.files.runtime.processing.ports import Product
from services.files.runtime.rejection import RejectedError

DELETED = "deleted"
_GONE = ("NoSuchVersion", "NoSuchKey")
_CHUNK = 1024 * 1024
# A larger result is uploaded in parts of this size, which S3 takes from 5 MB up to 10,000 of
# ("Amazon S3 multipart upload limits"). One part is in memory at a time.
PART = 16 * 1024 * 1024


@dataclass(frozen=True)
class S3Objects:
    client: Any
    uploads: str
    results: str
    part: int = PART

    def fetch(self, upload: Upload, target: Path) -> str:
        with faults_as_unavailable():
            try:
                reply = self.client.get_object(
                    Bucket=self.uploads, Key=upload.key, VersionId=upload.version_id
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in _GONE:
                    raise RejectedError(DELETED, "The version is not there any more") from None
                raise
            with target.open("wb") as file:
                _copy(reply["Body"].iter_chunks(_CHUNK), file, upload.size)
        return str(reply.get("ContentType") or "")

    def store(self, key: str, product: Product) -> Result:
        size = product.path.stat().st_size
        with product.path.open("rb") as file, faults_as_unavailable():
            digest = hashlib.file_digest(file, "sha256")
            file.seek(0)
            if size <= self.part:
                self._store_whole(key, product, file, digest.digest())
            else:
                self._store_in_parts(key, product, file)
        return Result(product.name, key, product.content_type, size, digest.hexdigest())

    def _store_whole(self, key: str, product: Product, file: BinaryIO, digest: bytes) -> None:
        self.client.put_object(
            Bucket=self.results,
            Key=key,
            Body=file.read(),
            ContentType=product.content_type,
            # S3 refuses bytes that arrived changed.
            ChecksumSHA256=b64encode(digest).decode(),
        )

    def _store_in_parts(self, key: str, product: Product, file: BinaryIO) -> None:
        """What an attempt leaves unfinished, the bucket's lifecycle removes within a day."""
        upload = {"Bucket": self.results, "Key": key}
        upload["UploadId"] = self.client.create_multipart_upload(
            **upload, ContentType=product.content_type, ChecksumAlgorithm="SHA256"
        )["UploadId"]
        parts = []
        for number, body in enumerate(_pieces(file, self.part), start=1):
            checksum = b64encode(hashlib.sha256(body).digest()).decode()
            reply = self.client.upload_part(
                **upload, PartNumber=number, Body=body, ChecksumSHA256=checksum
            )
            parts.append({"PartNumber": number, "ETag": reply["ETag"], "ChecksumSHA256": checksum})
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def _copy(chunks: Iterator[bytes], file: BinaryIO, size: int) -> None:
    """Raises EventError for more bytes than the event told; botocore does for fewer than S3 did."""
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if written > size:
            raise EventError("size is less than the object has")
        file.write(chunk)


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    while piece := file.read(size):
        yield piece
