"""What API Gateway measures of every call of a REST API's stage.

AWS ("Amazon API Gateway dimensions and metrics", API Gateway developer guide,
`api-gateway-metrics-and-dimensions.html`): Count, 4XXError and 5XXError, as 0 or 1, so that their
average is a rate, and Latency, by ApiName and by ApiName and Stage. MiniStack measured nothing.
Metrics by method, which a stage may ask for, those of HTTP APIs, and calls
by a domain name of one's own are not here.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import apigateway_v1

from embedded_aws.metrics.datum import Datum
from embedded_aws.metrics.recorder import record


def install() -> None:
    """Wraps the whole of a call."""
    original = app._handle_execute_api_request

    @functools.wraps(original)
    async def handle(host: str, path: str, *request: Any, **more: Any) -> Any:
        began = time.time()
        answer = await original(host, path, *request, **more)
        place = app._parse_execute_api_url(host, path)
        if answer is not None and place is not None:
            _measure(place[0], place[1], began, answer[0])
        return answer

    app._handle_execute_api_request = handle


def _measure(api_id: str, stage: str, began: float, status: int) -> None:
    scope = apigateway_v1.find_api_scope(api_id)
    if scope is None:
        return
    with request_scope(*scope):
        if stage in apigateway_v1.stages_for_api(api_id):
            name = apigateway_v1._rest_apis[api_id]["name"]
            record(*_data(name, stage, began, status))


def _data(name: str, stage: str, began: float, status: int) -> Iterator[Datum]:
    server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    client_error = not server_error and status >= HTTPStatus.BAD_REQUEST
    values = {"Count": 1, "4XXError": int(client_error), "5XXError": int(server_error)}
    milliseconds = 1000 * (time.time() - began)
    for dimensions in ({"ApiName": name}, {"ApiName": name, "Stage": stage}):
        for metric, value in values.items():
            yield Datum("AWS/ApiGateway", metric, value, began, "Count", dimensions)
        yield Datum("AWS/ApiGateway", "Latency", milliseconds, began, "Milliseconds", dimensions)
