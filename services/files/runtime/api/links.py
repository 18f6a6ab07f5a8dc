"""What lets a caller upload or download one object, for minutes, without credentials of his own.

Nothing is called here: forms and links are signed with the function's own credentials, and allow no
more than its role may do.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from botocore.config import Config

from services.common.runtime.aws import faults_as_unavailable
from services.files.runtime.api.announcement import Announcement
from services.files.runtime.catalogue.models import Result

VALIDITY = timedelta(minutes=15)
# Three calls in a row, two tries of at most 4 seconds each, stay below API Gateway's 29 seconds.
CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    request_checksum_calculation="when_required",
    # What is signed for others must be; botocore's older signature has no checksums.
    signature_version="v4",
)
# RFC 8187's attr-char, besides letters and digits, which `quote` keeps anyway.
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


@dataclass(frozen=True)
class Form:
    """A multipart form to send by POST: fields, in any order, then the file as field "file"."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class Link:
    url: str
    expires_at: datetime


class Links(Protocol):
    def upload(self, key: str, announcement: Announcement) -> Form:
        """Lets exactly the announced file be uploaded under `key`."""

    def download(self, result: Result, name: str) -> Link:
        """Lets a result be downloaded; browsers save it as `name`."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class S3Links:
    client: Any
    uploads: str
    results: str
    validity: timedelta = VALIDITY
    now: Callable[[], datetime] = _utc_now

    def upload(self, key: str, announcement: Announcement) -> Form:
        """The policy binds key, size, content type and checksum ("POST policy", Amazon S3 API
        Reference): a field that differs, or that the policy does not name, is refused.
        """
        fields = {"Content-Type": announcement.content_type}
        if announcement.sha256 is not None:
            digest = b64encode(bytes.fromhex(announcement.sha256)).decode()
            fields |= {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": digest}
        size = announcement.size
        conditions: list[object] = [{name: value} for name, value in fields.items()]
        expires_at = self.now() + self.validity
        with faults_as_unavailable():
            form = self.client.generate_presigned_post(
                self.uploads,
                key,
                Fields=fields,
                Conditions=[*conditions, ["content-length-range", size, size]],
                ExpiresIn=int(self.validity.total_seconds()),
            )
        return Form(form["url"], form["fields"], expires_at)

    def download(self, result: Result, name: str) -> Link:
        expires_at = self.now() + self.validity
        with faults_as_unavailable():
            url = self.client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.results,
                    "Key": result.key,
                    "ResponseContentDisposition": attachment(name),
                },
                ExpiresIn=int(self.validity.total_seconds()),
            )
        return Link(url, expires_at)


def attachment(name: str) -> str:
    """A Content-Disposition that saves under `name` and never displays (RFC 6266, section 4.3).

    The plain parameter is for clients that know no other, and keeps what ASCII has of the name.
    """
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%;' else "_" for c in name)
    encoded = quote(name, safe=_ATTRIBUTE_CHARACTERS)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
