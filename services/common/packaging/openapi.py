"""Building blocks of OpenAPI 3.1 documents, made from the code that answers.

Security scheme: API Gateway's own notation for signed calls ("x-amazon-apigateway-authtype
property", API Gateway Developer Guide), which AWS tools and code generators understand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from services.common.infrastructure.api import GATEWAY_PROBLEM, STAGE_NAME
from services.common.runtime.idempotency import REPLAYED_HEADER
from services.common.runtime.problems import ProblemError

Json = dict[str, Any]

PROBLEM_MEDIA_TYPE = "application/problem+json"
# Shown in examples wherever API Gateway's id of a call stands.
EXAMPLE_CALL = "7d1c9a52-0f4e-4d57-9d0c-5b0b3f1f8f10"
# What API Gateway refuses before our code runs, by status ("Gateway response types").
GATEWAY_REFUSALS = {
    "403": ("MISSING_AUTHENTICATION_TOKEN", "The call is unsigned, or the signer may not call."),
    "429": ("THROTTLED", "There are too many calls; wait a moment and try again."),
    "504": ("INTEGRATION_TIMEOUT", "There was no answer within 29 seconds; try again."),
}


def ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def servers(url_output: str) -> list[Json]:
    """Where the API is. url_output: the stack's output with its address."""
    return [
        {
            "url": f"https://{{api}}.execute-api.{{region}}.amazonaws.com/{STAGE_NAME}",
            "description": (f"The stack's output `{url_output}` without its last slash"),
            "variables": {
                "api": {"default": "abcdefghij", "description": "The API's id"},
                "region": {"default": "us-west-2"},
            },
        }
    ]


def signed_calls() -> Json:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
        "description": (
            "AWS Signature Version 4 for the service `execute-api`, by an IAM principal of the "
            "API's account that is allowed `execute-api:Invoke`. Sign with an AWS SDK, or with "
            "`curl --aws-sigv4`."
        ),
    }


def header(description: str, schema: Json) -> Json:
    return {"description": description, "schema": schema}


def answer_headers(replayed: str) -> Json:
    """The headers that answers of ours may carry. replayed: what `Idempotency-Replayed` says."""
    return {
        REPLAYED_HEADER: header(replayed, {"const": "true"}),
        "Retry-After": header("Seconds to wait before the next try", {"type": "string"}),
        "Cache-Control": header("About one caller and one moment", {"const": "no-store"}),
        "X-Content-Type-Options": header(
            "Browsers take the content type as it is said", {"const": "nosniff"}
        ),
        "Vary": header("Answers differ by the calling page's origin", {"const": "Origin"}),
    }


def common_headers() -> Json:
    """Those of them that every answer carries."""
    names = ("Cache-Control", "X-Content-Type-Options", "Vary")
    return {name: ref("headers", name) for name in names}


def answer(text: str, schema: str, example: object, headers: Json) -> Json:
    """A response with a JSON body of the component `schema`; headers: besides the common ones."""
    return {
        "description": text,
        "headers": {**common_headers(), **headers},
        "content": {"application/json": {"schema": ref("schemas", schema), "example": example}},
    }


def problem_schema() -> Json:
    """What all problems of our code have in common: RFC 9457, and the call's id."""
    return {
        "description": "What is wrong, as RFC 9457 says it. Branch on `type`; it never changes.",
        "type": "object",
        "required": ["type", "title", "status", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "The kind of problem"},
            "title": {"type": "string", "description": "The kind of problem, for people"},
            "status": {"type": "integer", "description": "The status of the response"},
            "detail": {"type": "string", "description": "What is wrong with this very call"},
            "request_id": {
                "type": "string",
                "description": "This call's id in our logs: name it when you ask us",
            },
        },
    }


def gateway_problem_schema() -> Json:
    return {
        "description": "A call that API Gateway refused before it reached the service.",
        "type": "object",
        "required": ["type", "title", "code", "request_id"],
        "properties": {
            "type": {"const": GATEWAY_PROBLEM},
            "title": {"type": "string"},
            "code": {
                "type": "string",
                "description": "API Gateway's name for the refusal, such as `ACCESS_DENIED`",
            },
            "request_id": {"type": "string", "description": "This call's id in our logs"},
        },
        "additionalProperties": False,
    }


def schema_name(problem: type[ProblemError]) -> str:
    return problem.__name__.removesuffix("Error") + "Problem"


def problem_schemas(problems: Iterable[type[ProblemError]]) -> Json:
    """The schemas of these problems, which name type and status exactly."""
    return {
        schema_name(problem): {
            "allOf": [ref("schemas", "Problem")],
            "description": problem.title,
            "properties": {
                "type": {"const": problem.type_uri()},
                "title": {"const": problem.title},
                "status": {"const": problem.status},
            },
            **({"x-when": " ".join(problem.__doc__.split())} if problem.__doc__ else {}),
        }
        for problem in problems
    }


def problem_responses(examples: Sequence[ProblemError], headers: Json) -> Json:
    """Responses by status. examples: one problem of every kind that the operation answers with."""
    responses: Json = {}
    for status in sorted({str(each.status) for each in examples} | set(GATEWAY_REFUSALS)):
        ours = [each for each in examples if str(each.status) == status]
        responses[status] = _problem_response(ours, GATEWAY_REFUSALS.get(status), headers)
    responses["default"] = _problem_response(
        [], ("BAD_REQUEST_PARAMETERS", "API Gateway refused the call for another reason."), headers
    )
    return responses


def _problem_response(
    ours: Sequence[ProblemError], refusal: tuple[str, str] | None, headers: Json
) -> Json:
    schemas = [ref("schemas", schema_name(type(each))) for each in ours]
    examples = {each.slug: {"value": each.document(EXAMPLE_CALL)} for each in ours}
    texts = [f"{each.title}." for each in ours]
    if refusal is not None:
        code, text = refusal
        schemas.append(ref("schemas", "GatewayProblem"))
        examples["gateway"] = {"value": _gateway_example(code)}
        texts.append(text)
    ours_headers = headers if ours else {}
    extra = {name for each in ours for name in each.headers}
    return {
        "description": " ".join(texts),
        "headers": {
            **ours_headers,
            **{name: ref("headers", name) for name in sorted(extra)},
        },
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas},
                "examples": examples,
            }
        },
    }


def _gateway_example(code: str) -> Json:
    return {
        "type": GATEWAY_PROBLEM,
        "title": code.replace("_", " ").capitalize(),
        "code": code,
        "request_id": EXAMPLE_CALL,
    }


def prose(text: str) -> str:
    """Paragraphs without the line breaks of our source."""
    return "\n\n".join(" ".join(each.split()) for each in text.strip().split("\n\n"))


def as_text(document: Json) -> str:
    """Deterministic, and readable in a diff."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
