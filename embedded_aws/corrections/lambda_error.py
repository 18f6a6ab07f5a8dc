"""A function's uncaught error reaches a REST API's caller as "Internal server error", no more.

AWS answers 502 with exactly that message when a proxy integration's function fails or returns
something malformed, and keeps the error for the log ("Handle Lambda errors in API Gateway",
`handle-errors-in-lambda-integration.html`). MiniStack put the exception's text into the answer,
which would let a test pass, or a leak go unseen, that AWS decides otherwise.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from ministack.services import apigateway_v1

_log = logging.getLogger("embedded_aws.api")
_MESSAGE = "Internal server error"


def install() -> None:
    """Wraps the one place that shapes a function's result into the API's answer."""
    original = apigateway_v1._lambda_proxy_response

    def answer(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        response, error = original(result)
        if error is None and not _is_malformed(result):
            return response, None
        _log.error("function failed behind an API: %s", error or "malformed proxy response")
        return None, _MESSAGE

    apigateway_v1._lambda_proxy_response = answer


def _is_malformed(result: dict[str, Any]) -> bool:
    """Whether the function returned something without a status code, which AWS refuses."""
    if result.get("throttle"):
        return False
    body = result.get("body")
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body)
        except ValueError:
            return True
    return not (isinstance(body, dict) and "statusCode" in body)
