"""The API says what is wrong, in RFC 9457 problem documents, and writes nothing when it refuses.

Proved on the real routes over in-memory stores. Not proved: that API Gateway sends such events.
"""

from __future__ import annotations

import base64
import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from services.common.runtime.observability import logger, metrics
from services.requests.runtime.api import RequestsApi
from services.requests.runtime.settings import Settings
from tests.support.request_stores import RequestStores, document, event, get, post

PAGE = "https://page.example.com"
SETTINGS = Settings(
    environment="dev",
    bucket="bucket",
    table="table",
    state_machine_arn="arn",
    max_body_bytes=100,
    cors_origins=frozenset({PAGE}),
)


@pytest.fixture
def stores() -> RequestStores:
    return RequestStores()


@pytest.fixture(autouse=True)
def _no_metrics_left_over() -> Iterator[None]:
    """Powertools emits what it gathered once there are a hundred values; a test is no worker."""
    yield
    metrics.clear_metrics()


@pytest.fixture
def api(stores: RequestStores) -> RequestsApi:
    return RequestsApi(SETTINGS, stores.acceptance())


def problem(response: Any, status: int, slug: str) -> Any:
    assert response["statusCode"] == status
    assert response["headers"]["Content-Type"] == "application/problem+json"
    content = document(response)
    assert content["type"] == f"urn:tap:problem:{slug}"
    assert content["status"] == status
    assert content["request_id"].startswith("call-")
    return content


def test_an_accepted_request_is_answered_with_its_ids(
    api: RequestsApi, stores: RequestStores
) -> None:
    response = api.handle(post('{"a": 1}'))
    (row,) = stores.rows.values()
    assert response["statusCode"] == 200
    assert document(response) == {
        "message": "Request accepted",
        "request_id": row.request_id,
        "execution_arn": row.step_function_execution_arn,
    }


def test_the_payload_is_stored_exactly_as_it_was_sent(
    api: RequestsApi, stores: RequestStores
) -> None:
    body = '{ "b":1.50,\n "a": "\\u00fc" }'
    api.handle(post(body))
    assert list(stores.payloads.values()) == [body.encode()]


def test_a_base64_encoded_body_is_decoded(api: RequestsApi, stores: RequestStores) -> None:
    encoded = post(base64.b64encode(b'{"a":1}').decode()) | {"isBase64Encoded": True}
    assert api.handle(encoded)["statusCode"] == 200
    assert list(stores.payloads.values()) == [b'{"a":1}']


def test_a_replay_has_the_same_body_and_says_so_in_a_header(api: RequestsApi) -> None:
    first, second = (api.handle(post('{"a": 1}', Idempotency_Key="k")) for _ in range(2))
    assert second["body"] == first["body"]
    assert "Idempotency-Replayed" not in first["headers"]
    assert second["headers"]["Idempotency-Replayed"] == "true"


def test_federated_users_of_one_account_do_not_share_their_keys(api: RequestsApi) -> None:
    first = api.handle(post("{}", caller="123456789012:ann", Idempotency_Key="k"))
    second = api.handle(post("{}", caller="123456789012:bob", Idempotency_Key="k"))
    assert document(first)["request_id"] != document(second)["request_id"]


def test_sessions_of_one_role_share_their_keys(api: RequestsApi) -> None:
    first = api.handle(post("{}", caller="AROAONE:container-1", Idempotency_Key="k"))
    second = api.handle(post("{}", caller="AROAONE:container-2", Idempotency_Key="k"))
    assert first["body"] == second["body"]


def test_a_key_used_with_another_body_is_a_conflict(api: RequestsApi) -> None:
    api.handle(post('{"a": 1}', Idempotency_Key="k"))
    problem(api.handle(post('{"a": 2}', Idempotency_Key="k")), 409, "idempotency-key-reused")


def test_a_key_without_a_caller_is_our_fault_and_stores_nothing(
    api: RequestsApi, stores: RequestStores
) -> None:
    problem(api.handle(post("{}", caller=None, Idempotency_Key="k")), 500, "internal-error")
    assert stores.journal == []


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256, "tab\t", "new\nline", "nul\0"])
def test_a_malformed_key_is_refused(api: RequestsApi, stores: RequestStores, key: str) -> None:
    problem(api.handle(post("{}", Idempotency_Key=key)), 400, "invalid-header")
    assert stores.journal == []


@pytest.mark.parametrize("key", ["k", "~!", "x" * 255])
def test_any_visible_ascii_is_a_key(api: RequestsApi, key: str) -> None:
    assert api.handle(post("{}", Idempotency_Key=key))["statusCode"] == 200


def test_two_keys_are_refused(api: RequestsApi, stores: RequestStores) -> None:
    twice = post("{}")
    twice["multiValueHeaders"]["idempotency-key"] = ["a", "b"]
    problem(api.handle(twice), 400, "invalid-header")
    assert stores.journal == []


@pytest.mark.parametrize("body", [None, "", "[]", "null", '{"a":}', '{"a":1}x', '{"a":NaN}'])
def test_a_bad_body_is_refused_at_a_named_place(
    api: RequestsApi, stores: RequestStores, body: str | None
) -> None:
    content = problem(api.handle(post(body)), 400, "invalid-json")
    assert "line 1, column" in content["detail"]
    assert stores.journal == []


@pytest.mark.parametrize(
    ("text", "column"),
    [("e30=!", 4), ("e3 0=", 3), ("e30", 4), ("e", 2), ("éé==", 1), ("e30=e30=", 4)],
)
def test_broken_base64_is_a_bad_body(
    api: RequestsApi, stores: RequestStores, text: str, column: int
) -> None:
    content = problem(api.handle(post(text) | {"isBase64Encoded": True}), 400, "invalid-json")
    assert content["detail"] == f"Broken base64 at line 1, column {column}"
    assert content["position"] == {"line": 1, "column": column, "offset": column - 1}
    assert stores.journal == []


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/xml", "application/json; charset=latin-1", "json"],
)
def test_another_media_type_is_refused(
    api: RequestsApi, stores: RequestStores, content_type: str
) -> None:
    refused = api.handle(post("{}", Content_Type=content_type))
    problem(refused, 415, "unsupported-media-type")
    assert stores.journal == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", "application/json;"]
)
def test_spellings_of_json_are_understood(api: RequestsApi, content_type: str) -> None:
    assert api.handle(post("{}", Content_Type=content_type))["statusCode"] == 200


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413), (10_000, 413)])
def test_the_limit_counts_the_bytes_of_the_body(
    api: RequestsApi, stores: RequestStores, size: int, status: int
) -> None:
    body = '{"a":"' + "ü" * ((size - 8) // 2) + "x" * (size % 2) + '"}'
    assert len(body.encode()) == size
    assert api.handle(post(body))["statusCode"] == status
    assert bool(stores.journal) == (status == 200)


def test_a_request_can_be_looked_up(api: RequestsApi, stores: RequestStores) -> None:
    request_id = document(api.handle(post("{}")))["request_id"]
    found = document(api.handle(get(request_id)))
    row = stores.rows[request_id]
    assert found == {
        "request_id": request_id,
        "timestamp": row.timestamp,
        "s3_key": row.s3_key,
        "status": "accepted",
        "step_function_execution_arn": row.step_function_execution_arn,
    }


def test_an_unknown_request_is_not_found(api: RequestsApi) -> None:
    problem(api.handle(get("5a1c9f0e-8e0b-4b69-8a51-3f5a55cf8f3e")), 404, "not-found")


def test_an_unknown_route_is_not_found(api: RequestsApi) -> None:
    problem(api.handle(event("DELETE", "/")), 404, "not-found")


def test_a_store_that_does_not_answer_is_worth_a_retry(
    api: RequestsApi, stores: RequestStores
) -> None:
    stores.fail_before.add("insert")
    response = api.handle(post("{}"))
    problem(response, 503, "unavailable")
    assert response["headers"]["Retry-After"] == "1"


def test_an_unexpected_error_shows_nothing_of_our_insides(
    stores: RequestStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(stores, "put", explode)
    response = RequestsApi(SETTINGS, stores.acceptance()).handle(post("{}"))
    problem(response, 500, "internal-error")
    assert "hunter2" not in response["body"]


@pytest.mark.parametrize("body", ['{"pan": "4111-1111"}', '{"pan": "4111-1111"', '["4111-1111"]'])
def test_what_a_caller_sends_is_never_logged(api: RequestsApi, body: str) -> None:
    stream = io.StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    api.handle(post(body, Idempotency_Key="4111-1111"))
    handler.setStream(before or sys.stdout)
    assert '"message"' in stream.getvalue()
    assert "4111" not in stream.getvalue()


@pytest.mark.parametrize(("origin", "allowed"), [(PAGE, PAGE), ("https://evil.example", None)])
def test_only_pages_of_a_configured_origin_may_read_answers(
    api: RequestsApi, origin: str, allowed: str | None
) -> None:
    headers = api.handle(post("{}", Origin=origin))["headers"]
    assert headers.get("Access-Control-Allow-Origin") == allowed
    assert headers["Vary"] == "Origin"
