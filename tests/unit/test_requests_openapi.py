"""The API description is what the code does.

Proved: the document is valid OpenAPI 3.1; every kind of
problem that the code knows is in it; and real answers of the real routes, over in-memory stores,
have a declared status, media type, headers and a body that fits the schema, for every problem type
of each operation. That the committed file is the generated one, test_openapi_files.py proves. Not
proved: API Gateway's own refusals beyond our template for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.common.infrastructure.api import refusal_template
from services.common.runtime.observability import metrics
from services.common.runtime.problems import ProblemError
from services.requests.openapi import document as generate
from services.requests.runtime.api import RequestsApi
from services.requests.runtime.models import PAYLOAD_MISSING, Row, Status
from services.requests.runtime.settings import Settings
from tests.support.api_description import Description
from tests.support.request_stores import RequestStores, document, get, post

SPEC = Description(json.loads(json.dumps(generate())))
SUBMIT, LOOK_UP = "POST /", "GET /requests/{request_id}"
SETTINGS = Settings(
    environment="dev",
    bucket="bucket",
    table="table",
    state_machine_arn="arn",
    max_body_bytes=100,
    cors_origins=frozenset(),
)
UNKNOWN = "5a1c9f0e-8e0b-4b69-8a51-3f5a55cf8f3e"

Answers = Callable[[RequestsApi, RequestStores], Any]


@pytest.fixture(autouse=True)
def _no_metrics_left_over() -> Iterator[None]:
    yield
    metrics.clear_metrics()


@pytest.fixture
def stores() -> RequestStores:
    return RequestStores()


@pytest.fixture
def api(stores: RequestStores) -> RequestsApi:
    return RequestsApi(SETTINGS, stores.acceptance())


def test_the_document_is_valid_openapi() -> None:
    SPEC.assert_is_openapi()
    assert set(SPEC.operations()) == {SUBMIT, LOOK_UP}


def test_every_operation_is_signed() -> None:
    SPEC.assert_signed()


def kinds_of_problem() -> set[str]:
    """The types of all problems that this service's code defines, and what is common."""
    mine = ("services.common.", "services.requests.")
    return {
        kind.type_uri()
        for kind in ProblemError.__subclasses__()
        if kind.__module__.startswith(mine)
    }


def test_every_kind_of_problem_is_documented() -> None:
    documented = {
        kind for _, kind in SPEC.declared_problems(SUBMIT) | SPEC.declared_problems(LOOK_UP)
    }
    assert documented == kinds_of_problem()


def without_key(body: str | None, **headers: str) -> Answers:
    return lambda api, _: api.handle(post(body, **headers))


def after(first: str, body: str) -> Answers:
    """The answer to a second call with the same key."""

    def answer(api: RequestsApi, _: RequestStores) -> Any:
        api.handle(post(first, Idempotency_Key="k"))
        return api.handle(post(body, Idempotency_Key="k"))

    return answer


def given_up(api: RequestsApi, stores: RequestStores) -> Any:
    stores.fail_before.add("put")
    api.handle(post("{}", Idempotency_Key="k"))
    ((request_id, row),) = stores.rows.items()
    stores.rows[request_id] = failed(row)
    return api.handle(post("{}", Idempotency_Key="k"))


def failed(row: Row) -> Row:
    """The row as the sweeper leaves it when the payload never came."""
    return replace(
        row,
        status=Status.FAILED,
        failure_error=PAYLOAD_MISSING,
        failure_cause="No payload within 15 minutes",
        updated_at=row.timestamp,
    )


def look_up(
    api: RequestsApi, stores: RequestStores, change: Callable[[Row], Row] = lambda row: row
) -> Any:
    request_id = document(api.handle(post("{}")))["request_id"]
    stores.rows[request_id] = change(stores.rows[request_id])
    return api.handle(get(request_id))


def broken(call: str, event: Any) -> Answers:
    """The answer while a store does not answer."""

    def answer(api: RequestsApi, stores: RequestStores) -> Any:
        stores.fail_before.add(call)
        return api.handle(event)

    return answer


def exploding(call: str, event: Any) -> Answers:
    """The answer when our code has a fault."""

    def answer(_: RequestsApi, stores: RequestStores) -> Any:
        setattr(stores, call, None)
        return RequestsApi(SETTINGS, stores.acceptance()).handle(event)

    return answer


SUBMISSIONS: dict[str, Answers] = {
    "accepted": without_key('{"a": 1}'),
    "accepted with a key": without_key("{}", Idempotency_Key="k"),
    "replayed": after("{}", "{}"),
    "bad JSON": without_key('{"a":'),
    "no body": without_key(None),
    "bad key": without_key("{}", Idempotency_Key="a b"),
    "key reused": after('{"a": 1}', '{"a": 2}'),
    "given up": given_up,
    "too large": without_key("x" * 101),
    "not JSON": without_key("{}", Content_Type="text/plain"),
    "no store": broken("insert", post("{}")),
    "our fault": exploding("insert", post("{}")),
}
LOOK_UPS: dict[str, Answers] = {
    "found": look_up,
    "failed": lambda api, stores: look_up(api, stores, failed),
    "unknown": lambda api, _: api.handle(get(UNKNOWN)),
    "malformed": lambda api, _: api.handle(get("../etc/passwd")),
    "no store": broken("find", get(UNKNOWN)),
    "our fault": exploding("find", get(UNKNOWN)),
}


@pytest.mark.parametrize("case", SUBMISSIONS)
def test_answers_to_a_submission_are_as_described(
    api: RequestsApi, stores: RequestStores, case: str
) -> None:
    SPEC.assert_described(SUBMIT, SUBMISSIONS[case](api, stores))


@pytest.mark.parametrize("case", LOOK_UPS)
def test_answers_to_a_look_up_are_as_described(
    api: RequestsApi, stores: RequestStores, case: str
) -> None:
    SPEC.assert_described(LOOK_UP, LOOK_UPS[case](api, stores))


@pytest.mark.parametrize(
    ("operation", "cases"), [(SUBMIT, SUBMISSIONS), (LOOK_UP, LOOK_UPS)], ids=["submit", "look up"]
)
def test_every_described_problem_really_occurs(operation: str, cases: dict[str, Answers]) -> None:
    answers = []
    for answer in cases.values():
        stores = RequestStores()
        answers.append(answer(RequestsApi(SETTINGS, stores.acceptance()), stores))
        metrics.clear_metrics()
    occurred = {
        (str(answer["statusCode"]), document(answer)["type"])
        for answer in answers
        if answer["statusCode"] >= 400
    }
    assert occurred == SPEC.declared_problems(operation)


def test_every_example_fits_its_schema() -> None:
    assert SPEC.assert_examples_fit() > 15


def test_what_api_gateway_refuses_fits_its_schema() -> None:
    filled = (
        refusal_template()
        .replace("$context.error.messageString", '"Missing Authentication Token"')
        .replace("$context.error.responseType", "MISSING_AUTHENTICATION_TOKEN")
        .replace("$context.requestId", "call-1")
    )
    SPEC.validate({"$ref": "#/components/schemas/GatewayProblem"}, json.loads(filled))


@pytest.mark.parametrize(
    ("key", "fits"),
    [("k", True), ("x" * 255, True), ("x" * 256, False), ("a b", False), ("", False)],
)
def test_the_described_pattern_of_keys_is_the_enforced_one(
    api: RequestsApi, key: str, *, fits: bool
) -> None:
    pattern = SPEC.document["components"]["parameters"]["IdempotencyKey"]["schema"]["pattern"]
    assert bool(re.search(pattern, key)) is fits
    assert (api.handle(post("{}", Idempotency_Key=key))["statusCode"] == 200) is fits
