"""A browser's upload is held against the checksum that its form promises, and keeps it.

AWS refuses a POST whose file does not have the form's `Content-MD5` or `x-amz-checksum-…` with
BadDigest, after its policy was found good, and answers the checksum with the object ("POST Object",
Amazon S3 API reference, `RESTObjectPOST.html`; "Checking object integrity", user guide). MiniStack
does so for PUT alone: a form that binds an upload to one content would accept any.
"""

from __future__ import annotations

import base64
import contextvars
import functools
import hashlib
from typing import Any

from ministack.services import s3

_file: contextvars.ContextVar[bytes | None] = contextvars.ContextVar("_file", default=None)
_sums: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("_sums", default=None)


def install() -> None:
    """Wraps the three steps of a POST: the form, its policy, the object's record."""
    post, enforce, record = s3._post_object, s3._enforce_signed_post_policy, s3._build_object_record

    @functools.wraps(post)
    def post_with_file(bucket: str, body: bytes, headers: dict[str, str]) -> Any:
        parts = s3._parse_multipart_form(headers.get("content-type", ""), body) or []
        content = next((value for name, _, _, value in parts if name == "file"), None)
        tokens = _file.set(content), _sums.set(None)
        try:
            return post(bucket, body, headers)
        finally:
            _file.reset(tokens[0])
            _sums.reset(tokens[1])

    @functools.wraps(enforce)
    def enforce_with_checksum(fields: dict[str, str], *more: Any) -> Any:
        return enforce(fields, *more) or _refusal(fields)

    @functools.wraps(record)
    def record_with_checksum(body: bytes, headers: Any, *more: Any, **about: Any) -> Any:
        if sums := _sums.get():
            about["checksums"] = sums
        return record(body, headers, *more, **about)

    s3._post_object = post_with_file
    s3._enforce_signed_post_policy = enforce_with_checksum
    s3._build_object_record = record_with_checksum


def _refusal(fields: dict[str, str]) -> Any | None:
    """The answer to a file that is not what its form says; None, and the sums kept, if it is."""
    content = _file.get() or b""
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    if fields.get("content-md5", digest) != digest:
        text = "The Content-MD5 you specified did not match what we received."
        return s3._error("BadDigest", text, 400)
    sums, error = s3._resolve_object_checksums(content, fields)
    if error is None:
        _sums.set(sums)
    return error
