"""A REST API refuses with its own gateway responses, and first of all what has no route.

At AWS a signed caller without `execute-api:Invoke` gets the API's ACCESS_DENIED response, with the
template and the headers of its `AWS::ApiGateway::GatewayResponse` or those of DEFAULT_4XX; a
resource or method that is not there is MISSING_AUTHENTICATION_TOKEN, whoever calls; a body of more
than 10 MB is REQUEST_TOO_LARGE ("Gateway response types for API Gateway",
`supported-gateway-response-types.html`; "Quotas", `limits.html`, payload size). MiniStack answered
the first two, for a signed caller, as an AWS service answers (`application/x-amz-json`, which no
browser may read across origins), and took a body of any size.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from ministack import app
from ministack.core import arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import apigateway_v1

MOST_BODY_BYTES = 10 * 1024 * 1024
_INVOKE = "execute-api:Invoke"
_ERROR_TYPE = "x-amzn-ErrorType"
"""The header by which a gateway response is known from any other refusal."""


def install() -> None:
    """Wraps the authorization of a call, and its execution."""
    app._enforce_execute_api = _refusing_as_the_api(app._enforce_execute_api)
    apigateway_v1._execute_in_scope = _bounded(apigateway_v1._execute_in_scope)


def _refusing_as_the_api(original: Any) -> Any:
    @functools.wraps(original)
    def enforce(api_id: str, *call: Any, iam_action: str = _INVOKE) -> Any:
        stage, method, path, headers, query = call
        rest = apigateway_v1.find_api_scope(api_id) is not None and iam_action == _INVOKE
        if rest and apigateway_v1.method_authorization_type(api_id, stage, method, path) is None:
            return None  # what is executed next finds no such route, and says so
        refusal = original(api_id, *call, iam_action=iam_action)
        if not rest or not refusal or _ERROR_TYPE in refusal[1]:
            return refusal
        place = arn.execute_api_arn(get_region(), get_account_id(), api_id, stage, method, path)
        return _access_denied(api_id, stage, _message(refusal[2], place), headers, query)

    return enforce


def _message(body: bytes, place: str) -> str:
    """The service's message, with the resource in it as API Gateway shows it."""
    document = json.loads(body)
    said = str(document.get("message") or document.get("Message"))
    owner = place.split(":")[4]
    shown = place.replace(f":{owner}:", f":********{owner[-4:]}:", 1)
    return said.replace(f"perform: {_INVOKE}", f"perform: {_INVOKE} on resource: {shown}", 1)


def _access_denied(
    api_id: str, stage: str, message: str, headers: dict[str, Any], query: dict[str, Any]
) -> Any:
    with request_scope(*apigateway_v1.find_api_scope(api_id)):
        request = {
            "api_id": api_id,
            "stage_name": stage,
            "stage": apigateway_v1.stages_for_api(api_id)[stage],
            "headers": headers,
            "query_params": query or {},
            "path_params": {},
            "resource_path": "",
            "request_id": "",
        }
        error = apigateway_v1._gw_error("ACCESS_DENIED", message)
        return apigateway_v1._gateway_error_response(error, request)


def _bounded(original: Any) -> Any:
    @functools.wraps(original)
    async def execute(request: dict[str, Any], api_id: str, stage_name: str, *more: Any) -> Any:
        body = more[3]  # after method, path and headers
        stage = apigateway_v1.stages_for_api(api_id).get(stage_name)
        if stage and body and len(body) > MOST_BODY_BYTES:
            request["stage"] = stage
            return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        return await original(request, api_id, stage_name, *more)

    return execute
