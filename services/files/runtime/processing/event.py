"""S3's "Object Created" event, as EventBridge hands it on to a function.

Shape: "EventBridge event message structure", Amazon S3 User Guide. The key is plain text there,
unlike in S3's own notifications, and `version-id` is there because the bucket keeps versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.files.runtime.catalogue.models import in_order


class EventError(Exception):
    """Not an event that this function is for. The text names the member, never its value."""


@dataclass(frozen=True)
class Upload:
    """One version of one object. sequencer: as `in_order` makes it. size: bytes.

    event_id: the event's own; the same in all that Lambda and a redrive make of it.
    """

    event_id: str
    key: str
    version_id: str
    sequencer: str
    size: int


def parse(event: Mapping[str, Any], bucket: str) -> Upload:
    """Raises EventError for everything but the creation of an object version in `bucket`."""
    if event.get("detail-type") != "Object Created" or event.get("source") != "aws.s3":
        raise EventError('Expected source "aws.s3" and detail-type "Object Created"')
    detail = _object(event, "detail")
    if _object(detail, "bucket").get("name") != bucket:
        raise EventError("The bucket is not the bucket of uploads")
    created = _object(detail, "object")
    return Upload(
        event_id=_text(event, "id"),
        key=_text(created, "key"),
        version_id=_text(created, "version-id"),
        sequencer=_sequencer(_text(created, "sequencer")),
        size=_size(created.get("size")),
    )


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise EventError(f"{name} is not an object")
    return value


def _text(parent: Mapping[str, Any], name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise EventError(f"{name} is not a text")
    return value


def _sequencer(text: str) -> str:
    try:
        return in_order(text)
    except ValueError:
        raise EventError("sequencer is not a hexadecimal number") from None


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise EventError("size is not a number of bytes")
    return value
