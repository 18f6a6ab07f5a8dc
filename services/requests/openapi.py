"""The request API as an OpenAPI 3.1 document, made from the code that answers.

Limits, patterns, problem types, statuses and the error examples come from the runtime package and
the constructs; only the prose stands here. A test holds the document against real answers.
`python -m stages.openapi` writes it to docs/openapi/requests.json.
"""

from __future__ import annotations

from services.common.infrastructure.api import THROTTLING_BURST, THROTTLING_RATE
from services.common.packaging import openapi
from services.common.packaging.openapi import Json, ref
from services.common.runtime.idempotency import (
    IDEMPOTENCY_HEADER,
    IDEMPOTENCY_KEY,
    REPLAYED_HEADER,
    KeyReusedError,
)
from services.common.runtime.problems import (
    BodyTooLargeError,
    InternalError,
    InvalidHeaderError,
    NotFoundError,
    ProblemError,
    UnavailableError,
    UnsupportedMediaTypeError,
)
from services.common.runtime.strict_json import MAX_DEPTH, parse_object
from services.requests.options import DEFAULT_MAX_BODY_BYTES as MAX_BODY_BYTES
from services.requests.runtime.logic import PAYLOAD_KEY
from services.requests.runtime.models import Status
from services.requests.runtime.problems import RequestGivenUpError
from services.requests.service import SERVICE

_ID = "4f6c2a1e-95c4-4f4e-8f0f-0d7f6d1f2b11"
_EXECUTION = f"arn:aws:states:us-west-2:222222222222:execution:tap-dev-statemachine:{_ID}"
_MOMENT = "2026-11-23T09:26:53.589+00:00"

_ABOUT = f"""
Takes a JSON object in, keeps it, and starts a workflow for it, each exactly once.

**Accepted is a promise.** Once you have a 200, the request is stored and will be processed,
whatever fails in between. Ask `GET /requests/{{request_id}}` what became of it.

**Repeat safely.** Send an `Idempotency-Key` of your own with every POST. When no answer reaches
you, or a 5xx does, send the same body with the same key again: you get the answer to the first
call, and nothing happens twice.

**Limits.** Bodies of at most {MAX_BODY_BYTES:,} bytes, nested at most {MAX_DEPTH} deep;
{THROTTLING_RATE:,} calls a second with bursts of {THROTTLING_BURST:,}, for all callers together.
"""

_BODY = f"""
Any JSON object in UTF-8, at most {MAX_BODY_BYTES:,} bytes, nested at most {MAX_DEPTH} deep. What
two parsers might read differently is refused: a byte order mark, repeated member names, `NaN` and
`Infinity`, numbers beyond a double's range, lone surrogates, anything after the object.
"""


def document() -> Json:
    """The whole document, as plain data."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Requests API",
            "version": "1.0.0",
            "summary": "Accepts requests and tells what became of them",
            "description": openapi.prose(_ABOUT),
        },
        "servers": openapi.servers(SERVICE.url_output),
        "security": [{"iam": []}],
        "tags": [{"name": "requests", "description": "Requests and what became of them"}],
        "paths": {
            "/": {"post": _submit()},
            "/requests/{request_id}": {"get": _look_up()},
        },
        "components": {
            "securitySchemes": {"iam": openapi.signed_calls()},
            "parameters": _parameters(),
            "headers": openapi.answer_headers(
                "There if an earlier call with the same key was answered the same"
            ),
            "schemas": {
                "Payload": {"type": "object", "description": openapi.prose(_BODY)},
                "Acceptance": _acceptance(),
                "Request": _request(),
                "Problem": openapi.problem_schema(),
                "GatewayProblem": openapi.gateway_problem_schema(),
                **openapi.problem_schemas(_kinds()),
            },
        },
    }


def _submit() -> Json:
    return {
        "operationId": "submitRequest",
        "tags": ["requests"],
        "summary": "Hand in a request",
        "description": (
            "Stores the body as it was sent, records the request and starts its workflow. A 5xx "
            "says nothing about whether it was accepted: repeat the call with the same key."
        ),
        "parameters": [ref("parameters", "IdempotencyKey")],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": ref("schemas", "Payload"),
                    "example": {"order": 4711, "items": [{"sku": "A-1", "count": 2}]},
                }
            },
        },
        "responses": {
            "200": openapi.answer(
                "The request is accepted, now or by an earlier call with the same key.",
                "Acceptance",
                _accepted_example(),
                {REPLAYED_HEADER: ref("headers", REPLAYED_HEADER)},
            ),
            **openapi.problem_responses(_submit_examples(), openapi.common_headers()),
        },
    }


def _look_up() -> Json:
    return {
        "operationId": "getRequest",
        "tags": ["requests"],
        "summary": "See what became of a request",
        "description": "The request's record as of now: a call after an acceptance sees it.",
        "parameters": [ref("parameters", "RequestId")],
        "responses": {
            "200": openapi.answer("The request's record.", "Request", _request_example(), {}),
            **openapi.problem_responses(_look_up_examples(), openapi.common_headers()),
        },
    }


def _parameters() -> Json:
    return {
        "IdempotencyKey": {
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": False,
            "description": (
                "Your name for this request: 1 to 255 visible ASCII characters, such as a UUID. It "
                "belongs to you alone; all sessions of one role share theirs. The same key with "
                "the same body is answered the same, with another body by a 409."
            ),
            "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY.pattern}$"},
            "example": "order-4711-2026-11-23",
        },
        "RequestId": {
            "name": "request_id",
            "in": "path",
            "required": True,
            "description": "As the acceptance gave it",
            "schema": {"type": "string", "format": "uuid"},
            "example": _ID,
        },
    }


def _acceptance() -> Json:
    return {
        "type": "object",
        "required": ["message", "request_id", "execution_arn"],
        "properties": {
            "message": {"const": "Request accepted"},
            "request_id": {"type": "string", "format": "uuid"},
            "execution_arn": {
                "type": "string",
                "description": "The workflow's execution; it may start a moment after the answer",
            },
        },
        "additionalProperties": False,
    }


def _request() -> Json:
    moment = {"type": "string", "format": "date-time"}
    return {
        "type": "object",
        "required": ["request_id", "timestamp", "s3_key", "status", "step_function_execution_arn"],
        "properties": {
            "request_id": {"type": "string", "format": "uuid"},
            "timestamp": {**moment, "description": "When it was accepted"},
            "s3_key": {"type": "string", "description": "Where the body is stored"},
            "status": {
                "enum": [each.value for each in Status],
                "description": "Moves from left to right and ends in one of the last two",
            },
            "step_function_execution_arn": {"type": "string"},
            "updated_at": {**moment, "description": "When the status last changed"},
            "failure_error": {"type": "string", "description": "Why it failed: the error's name"},
            "failure_cause": {"type": "string", "description": "Why it failed, for people"},
        },
        "additionalProperties": False,
    }


def _accepted_example() -> Json:
    return {"message": "Request accepted", "request_id": _ID, "execution_arn": _EXECUTION}


def _request_example() -> Json:
    return {
        "request_id": _ID,
        "timestamp": _MOMENT,
        "s3_key": PAYLOAD_KEY.format(request_id=_ID),
        "status": Status.COMPLETED.value,
        "step_function_execution_arn": _EXECUTION,
        "updated_at": "2026-11-23T09:26:54.120Z",
    }


def _submit_examples() -> list[ProblemError]:
    return [
        _of_body(b'{"order": 4711,}'),
        InvalidHeaderError(f"{IDEMPOTENCY_HEADER} takes 1 to 255 visible ASCII characters"),
        KeyReusedError("Use a new key for a new request"),
        RequestGivenUpError("Nothing was processed; use a new key"),
        BodyTooLargeError(f"At most {MAX_BODY_BYTES} bytes are accepted"),
        UnsupportedMediaTypeError("Send Content-Type: application/json, in UTF-8"),
        InternalError(),
        UnavailableError(),
    ]


def _look_up_examples() -> list[ProblemError]:
    return [NotFoundError("No request has this id"), InternalError(), UnavailableError()]


def _of_body(body: bytes) -> ProblemError:
    """The problem that a body really meets."""
    try:
        parse_object(body)
    except ProblemError as problem:
        return problem
    raise AssertionError(f"{body!r} is fine")


def _kinds() -> list[type[ProblemError]]:
    """Every kind of problem that an operation answers with, by status."""
    kinds = {type(each) for each in [*_submit_examples(), *_look_up_examples()]}
    return sorted(kinds, key=lambda kind: (kind.status, kind.slug))
