"""What a REST API answers itself, without its integration, and the id of every answer.

Proves the order of its refusals, that they are the API's own gateway responses, and that one id is
in the answer, in the template and in what the function sees. Throttling and request validation are
the emulator's; the services' own tests call for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.embedded_aws.emulated import DEV, Credentials, Server
from tests.support import aws
from tests.support.aws import Answer, RestApi

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"])}
"""
TEMPLATE = """{
    "title": $context.error.messageString,
    "type": "$context.error.responseType",
    "id": "$context.requestId"
}"""


@pytest.fixture(scope="module")
def api(emulator: Server, administrators: Mapping[str, Credentials]) -> RestApi:
    """An API with responses of its own for all that is 4XX, and one for ACCESS_DENIED."""
    session = emulator.session(administrators[DEV])
    made = aws.rest_api(session, DEV, aws.function(session, "gateway-echo", ECHO))
    gateway = session.client("apigateway")
    origin = "gatewayresponse.header.Access-Control-Allow-Origin"
    for kind, more in (("DEFAULT_4XX", {}), ("ACCESS_DENIED", {"statusCode": "403"})):
        gateway.put_gateway_response(
            restApiId=made.id,
            responseType=kind,
            responseParameters={origin: "'https://example.com'"},
            responseTemplates={"application/json": TEMPLATE},
            **more,
        )
    gateway.create_deployment(restApiId=made.id, stageName="v1")
    return made


@pytest.fixture(scope="module")
def nobody(emulator: Server, administrators: Mapping[str, Credentials]) -> Credentials:
    """A user of the API's account without any permission."""
    return aws.user(emulator.session(administrators[DEV]), "gateway-nobody")


def refused(answer: Answer, status: int, kind: str, message: str) -> None:
    """The answer is the API's own: its template, its header, and its id."""
    document = answer.json()
    assert (answer.status, document["type"]) == (status, kind), document
    assert document["title"].strip().startswith(message)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["access-control-allow-origin"] == "https://example.com"
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-requestid"] == document["id"]
    assert headers["x-amz-apigw-id"]


def test_a_signed_caller_without_permission_gets_the_apis_own_answer(
    emulator: Server, api: RestApi, nobody: Credentials
) -> None:
    answer = aws.call(emulator, api.path(), credentials=nobody)
    message = f"User: arn:aws:iam::{DEV}:user/gateway-nobody is not authorized to perform: "
    refused(answer, 403, "ACCESS_DENIED", message + "execute-api:Invoke on resource: arn:aws:exec")
    resource = f":********{DEV[-4:]}:{api.id}/v1/POST/"
    assert resource in answer.json()["title"]
    assert DEV not in answer.json()["title"].replace(f"iam::{DEV}", "")


@pytest.mark.parametrize(("method", "path"), [("GET", "nope"), ("GET", ""), ("DELETE", "a/b")])
def test_a_route_that_is_not_there_says_so_whoever_calls(
    emulator: Server,
    administrators: Mapping[str, Credentials],
    api: RestApi,
    nobody: Credentials,
    *,
    method: str,
    path: str,
) -> None:
    for keys in (nobody, administrators[DEV], None):
        answer = aws.call(emulator, api.path() + path, method=method, credentials=keys)
        refused(answer, 403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")


def test_an_unsigned_call_and_a_wrong_signature_are_told_apart(
    emulator: Server, api: RestApi, nobody: Credentials
) -> None:
    unsigned = aws.call(emulator, api.path())
    refused(unsigned, 403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    wrong = aws.call(
        emulator, api.path(), credentials=replace(nobody, secret_access_key="not the secret")
    )
    refused(wrong, 403, "INVALID_SIGNATURE", "The request signature we calculated does not match")


def test_a_head_of_a_route_that_is_not_there_has_the_status_and_no_body(
    emulator: Server, api: RestApi, nobody: Credentials
) -> None:
    answer = aws.call(emulator, api.path(), method="HEAD", credentials=nobody, body=b"")
    assert (answer.status, answer.body) == (403, b"")


def test_a_body_above_ten_megabytes_is_too_large(
    emulator: Server, administrators: Mapping[str, Credentials], api: RestApi
) -> None:
    keys = administrators[DEV]
    most = b" " * (10 * 1024 * 1024)
    assert aws.call(emulator, api.path(), credentials=keys, body=most).status != 413
    answer = aws.call(emulator, api.path(), credentials=keys, body=most + b" ")
    refused(answer, 413, "REQUEST_TOO_LARGE", "Request Too Long")


def test_without_responses_of_its_own_an_api_refuses_in_awss_words(
    emulator: Server, administrators: Mapping[str, Credentials], nobody: Credentials
) -> None:
    session = emulator.session(administrators[DEV])
    plain = aws.rest_api(session, DEV, aws.function(session, "gateway-plain", ECHO))
    answer = aws.call(emulator, plain.path(), credentials=nobody)
    assert answer.status == 403
    assert "is not authorized to perform: execute-api:Invoke" in answer.json()["Message"]
    missing = aws.call(emulator, plain.path() + "nope", credentials=nobody)
    assert (missing.status, missing.json()) == (403, {"message": "Missing Authentication Token"})


def test_the_answers_ids_are_those_that_the_function_saw(
    emulator: Server, administrators: Mapping[str, Credentials], api: RestApi
) -> None:
    seen: list[dict[str, Any]] = []
    for _ in range(2):
        answer = aws.call(emulator, api.path(), credentials=administrators[DEV])
        assert answer.status == 200
        context = json.loads(answer.body)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert headers["x-amzn-requestid"] == context["requestId"]
        assert headers["x-amz-apigw-id"] == context["extendedRequestId"]
        seen.append(context)
    assert seen[0]["requestId"] != seen[1]["requestId"]
