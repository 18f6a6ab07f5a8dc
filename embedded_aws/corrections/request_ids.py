"""A call of a REST API has one id: in the answer's headers, for the function, and in the templates.

At AWS `x-amzn-RequestId` is `$context.requestId`, which a proxied function finds in
`requestContext.requestId` and a gateway response writes with its template, and `x-amz-apigw-id` is
`$context.extendedRequestId` ("Variables for access logging", `api-gateway-variables-for-access-
logging.html`). MiniStack made up a new id in each of these places, so that nobody who was given an
id with an answer could find the call in a function's log.
"""

from __future__ import annotations

import base64
import functools
import secrets
import uuid
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.services import apigateway_v1

_ids: ContextVar[tuple[str, str]] = ContextVar("_ids")
"""Of the call that is being answered: the request's id and the extended one."""


def install() -> None:
    """Gives each call its ids, and uses them wherever an id was made up."""
    app._handle_execute_api_request = _identified(app._handle_execute_api_request)
    apigateway_v1._build_lambda_event_v1 = _telling(apigateway_v1._build_lambda_event_v1)
    apigateway_v1._gateway_error_response = _naming(apigateway_v1._gateway_error_response)


def _identified(original: Any) -> Any:
    @functools.wraps(original)
    async def handle(*request: Any, **more: Any) -> Any:
        ids = str(uuid.uuid4()), base64.b64encode(secrets.token_bytes(11)).decode()
        _ids.set(ids)
        answer = await original(*request, **more)
        if answer is None or "apigw-requestid" in answer[1]:  # no API at all, or an HTTP API
            return answer
        status, headers, body = answer
        kept = {k: v for k, v in headers.items() if k.lower() not in _NAMES}
        return status, kept | dict(zip(_NAMES, ids, strict=True)), body

    return handle


_NAMES = ("x-amzn-requestid", "x-amz-apigw-id")


def _telling(original: Any) -> Any:
    @functools.wraps(original)
    def build(*request: Any, **more: Any) -> Any:
        event = original(*request, **more)
        context = event["requestContext"]
        context["requestId"], context["extendedRequestId"] = _ids.get()
        return event

    return build


def _naming(original: Any) -> Any:
    @functools.wraps(original)
    def render(error: Any, request: dict[str, Any]) -> Any:
        return original(error, {**request, "request_id": _ids.get()[0]})

    return render
