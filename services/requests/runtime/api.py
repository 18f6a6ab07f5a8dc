"""The routes of the request API: parse, call, map the result."""

from __future__ import annotations

import re

from services.common.runtime.http import (
    Call,
    Event,
    Response,
    json_response,
    problem_response,
    with_cors,
)
from services.common.runtime.problems import (
    InternalError,
    InvalidHeaderError,
    NotFoundError,
    ProblemError,
)
from services.common.runtime.strict_json import parse_object
from services.requests.runtime.logic import RequestDesk
from services.requests.runtime.metric_names import Metric
from services.requests.runtime.models import Row, Submission
from services.requests.runtime.observability import count, logger
from services.requests.runtime.settings import Settings

FIRST_SERVER_ERROR = 500
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")


class RequestsApi:
    """The API's routes over a desk. Never raises: errors leave as problem documents."""

    def __init__(self, settings: Settings, desk: RequestDesk) -> None:
        self._settings = settings
        self._desk = desk
        self._routes = {"POST /": self._submit, "GET /requests/{request_id}": self._look_up}

    def handle(self, event: Event) -> Response:
        call = Call.parse(event)
        logger.append_keys(request_id=call.request_id, route=call.route)
        response = self._respond(call)
        count(f"Answered{response['statusCode']}")
        return with_cors(response, call.origin, self._settings.cors_origins)

    def _respond(self, call: Call) -> Response:
        try:
            return self._routes.get(call.route, _no_such_route)(call)
        except ProblemError as problem:
            _log_refusal(problem)
            return problem_response(problem, call.request_id)
        except Exception:
            logger.exception("failed")
            return problem_response(InternalError(), call.request_id)

    def _submit(self, call: Call) -> Response:
        body = call.json_body(max_bytes=self._settings.max_body_bytes)
        parse_object(body)
        acceptance = self._desk.accept(
            Submission(body, call.principal, call.request_id, _idempotency_key(call))
        )
        row = acceptance.row
        count(Metric.REPLAYED if acceptance.replayed else Metric.ACCEPTED)
        logger.info("accepted", extra={"accepted": row.request_id, "replayed": acceptance.replayed})
        return json_response(
            200,
            {
                "message": "Request accepted",
                "request_id": row.request_id,
                "execution_arn": row.step_function_execution_arn,
            },
            {"Idempotency-Replayed": "true"} if acceptance.replayed else {},
        )

    def _look_up(self, call: Call) -> Response:
        return json_response(200, _public(self._desk.find(call.path_parameters["request_id"])))


def _no_such_route(call: Call) -> Response:
    raise NotFoundError(f"There is no {call.route}")


def _log_refusal(problem: ProblemError) -> None:
    facts = {"status": problem.status, "problem": problem.slug}
    if problem.status < FIRST_SERVER_ERROR:
        logger.info("refused", extra=facts)
    else:
        logger.error("failed", extra=facts, exc_info=problem)


def _idempotency_key(call: Call) -> str | None:
    key = call.header("Idempotency-Key")
    if key is None:
        return None
    if not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidHeaderError("Idempotency-Key takes 1 to 255 visible ASCII characters")
    if not call.principal:
        # Without a caller the key would be shared by everybody. The API signs, so this is a fault.
        raise InternalError
    return key


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
