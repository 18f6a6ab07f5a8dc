"""An event of a versioned bucket says which version of the object it is about.

"version-id" stands in `detail.object` when the bucket keeps versions ("EventBridge event message
structure", Amazon S3 user guide, `ev-events.html`). MiniStack leaves it out for EventBridge, so
that whoever handles events by version would take two uploads of one key for one.
"""

from __future__ import annotations

import contextvars
import functools
import json
from typing import Any

from ministack.services import eventbridge, s3

_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("_version", default=None)


def install() -> None:
    """Remembers the version while S3 tells of it, and adds it to what EventBridge is given."""
    tell, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    @functools.wraps(tell)
    def tell_of_version(*event: Any, **about: Any) -> Any:
        token = _version.set(about.get("version_id"))
        try:
            return tell(*event, **about)
        finally:
            _version.reset(token)

    @functools.wraps(dispatch)
    def dispatch_with_version(event: dict[str, Any], *more: Any) -> Any:
        version = _version.get()
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = event | {"Detail": json.dumps(detail)}
        return dispatch(event, *more)

    s3._fire_s3_event = tell_of_version
    eventbridge._dispatch_event = dispatch_with_version
