"""A caller's own name for a request, so that it may be repeated and still happens once."""

from __future__ import annotations

import re

from services.common.runtime.http import Call
from services.common.runtime.problems import InternalError, InvalidHeaderError, ProblemError

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")


class KeyReusedError(ProblemError):
    status, slug = 409, "idempotency-key-reused"
    title = "This idempotency key was used with another body"


def idempotency_key(call: Call) -> str | None:
    """The key that the caller sent, if any. Raises InvalidHeaderError for a malformed one."""
    key = call.header(IDEMPOTENCY_HEADER)
    if key is None:
        return None
    if not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidHeaderError(f"{IDEMPOTENCY_HEADER} takes 1 to 255 visible ASCII characters")
    if not call.principal:
        # Without a caller the key would be shared by everybody. The API signs, so this is a fault.
        raise InternalError
    return key
