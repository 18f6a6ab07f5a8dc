"""The routes of the request API: parse, call, map the result."""

from __future__ import annotations

from services.common.runtime.http import Call, Event, Response, json_response
from services.common.runtime.idempotency import REPLAYED_HEADER, idempotency_key
from services.common.runtime.observability import count, logger
from services.common.runtime.router import Router
from services.common.runtime.strict_json import parse_object
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.metric_names import Metric
from services.requests.runtime.models import Row, Submission
from services.requests.runtime.settings import Settings


class RequestsApi:
    """The API's routes. Never raises: errors leave as problem documents."""

    def __init__(self, settings: Settings, acceptance: AcceptanceService) -> None:
        self._settings = settings
        self._acceptance = acceptance
        self._router = Router(
            {"POST /": self._submit, "GET /requests/{request_id}": self._look_up},
            origins=settings.cors_origins,
            exposed=[REPLAYED_HEADER],
        )

    def handle(self, event: Event) -> Response:
        """The proxy response to a proxy event."""
        return self._router.handle(event)

    def _submit(self, call: Call) -> Response:
        body = call.json_body(max_bytes=self._settings.max_body_bytes)
        parse_object(body)
        accepted = self._acceptance.accept(
            Submission(body, call.principal, call.request_id, idempotency_key(call))
        )
        row = accepted.row
        count(Metric.REPLAYED if accepted.replayed else Metric.ACCEPTED)
        logger.info("accepted", extra={"accepted": row.request_id, "replayed": accepted.replayed})
        return json_response(
            200,
            {
                "message": "Request accepted",
                "request_id": row.request_id,
                "execution_arn": row.step_function_execution_arn,
            },
            {REPLAYED_HEADER: "true"} if accepted.replayed else {},
        )

    def _look_up(self, call: Call) -> Response:
        row = self._acceptance.find(call.path_parameters["request_id"])
        return json_response(200, _public(row))


def _public(row: Row) -> dict[str, str]:
    """The row as callers see it: what happened, not how we keep books."""
    members = {
        "request_id": row.request_id,
        "timestamp": row.timestamp,
        "s3_key": row.s3_key,
        "status": row.status.value,
        "step_function_execution_arn": row.step_function_execution_arn,
        "updated_at": row.updated_at,
        "failure_error": row.failure_error,
        "failure_cause": row.failure_cause,
    }
    return {name: value for name, value in members.items() if value is not None}
