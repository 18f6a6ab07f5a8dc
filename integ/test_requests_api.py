"""The request service's contract, checked as its callers see it.

Proves that an environment accepts, stores and completes a request, and turns away whom and what it
should. `completed` is written by the workflow after it has read the payload in S3 and the row in
DynamoDB, so seeing it proves every store. It does not prove behaviour under load or after faults.

The first line of each check's docstring is what the report calls it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from integ.client import Answer, ApiClient
from integ.credentials import NOBODY, Signer
from integ.expectations import Expectations
from integ.patience import Patience
from integ.settings import Settings

SERVICE = "requests"
STATES_ON_THE_WAY = ("accepted", "processing")


@dataclass(frozen=True)
class RequestsApi:
    """The service's two routes."""

    client: ApiClient

    def submit(self, body: bytes, signer: Signer, idempotency_key: str | None = None) -> Answer:
        headers = {"Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return self.client.call("POST", "", signer, headers=headers, body=body)

    def fetch(self, request_id: str, signer: Signer) -> Answer:
        return self.client.call("GET", f"requests/{request_id}", signer)


@pytest.fixture
def api(connect: Callable[[str], ApiClient]) -> RequestsApi:
    return RequestsApi(connect(SERVICE))


@pytest.fixture
def expect(settings: Settings) -> Expectations:
    return Expectations(settings, SERVICE, function="processor")


def accepted(expect: Expectations, answer: Answer) -> tuple[str, str]:
    """Expects 200 with `message`, `request_id` and `execution_arn`; returns the last two."""
    expect.status(answer, 200, "the request is accepted")
    values = [answer.json.get(key) for key in ("message", "request_id", "execution_arn")]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) != len(values):
        wanted = "a JSON object with message, request_id and execution_arn, all of them text"
        expect.fail(wanted, answer.described, expect.function_log(answer))
    return texts[1], texts[2]


def history(settings: Settings, execution_arn: str) -> str:
    """Where to look when the workflow is late or has failed."""
    return (
        f"the execution's history in account {settings.account}:\n"
        f"aws stepfunctions get-execution-history --region {settings.region} "
        f"--execution-arn {execution_arn}"
    )


def payload(settings: Settings, purpose: str) -> bytes:
    """A body that says where it comes from, to whoever finds it in the bucket."""
    body = {
        "source": "smoke test",
        "purpose": purpose,
        "environment": settings.environment,
        "commit": settings.commit,
        "nonce": str(uuid4()),
    }
    return json.dumps(body).encode()


def test_a_signed_request_is_accepted(
    api: RequestsApi, expect: Expectations, settings: Settings, smoke_role: Signer
) -> None:
    """A request signed by the smoke role is accepted."""
    answer = api.submit(payload(settings, "accepted"), smoke_role)
    request_id, execution_arn = accepted(expect, answer)

    parts = execution_arn.split(":")
    where = f"{settings.region} {settings.account}"
    expect.same("an execution in", where, " ".join(parts[3:5]), answer)
    expect.same("an execution named", request_id, parts[-1], answer)


def test_an_accepted_request_is_completed_in_every_store(
    api: RequestsApi, expect: Expectations, settings: Settings, smoke_role: Signer
) -> None:
    """An accepted request is stored, processed and completed."""
    first = api.submit(payload(settings, "completed"), smoke_role)
    request_id, execution_arn = accepted(expect, first)

    answer = wait_until_completed(api, expect, smoke_role, first)

    expect.same("request_id", request_id, answer.json.get("request_id"), answer)
    expect.same("s3_key", f"requests/{request_id}.json", answer.json.get("s3_key"), answer)
    started = answer.json.get("step_function_execution_arn")
    expect.same("step_function_execution_arn", execution_arn, started, answer)


def wait_until_completed(
    api: RequestsApi, expect: Expectations, smoke_role: Signer, first: Answer
) -> Answer:
    """Looks until the request that `first` accepted is completed; returns the last answer."""
    request_id, execution_arn = accepted(expect, first)
    patience = Patience(expect.settings.completion_seconds)
    while True:
        answer = api.fetch(request_id, smoke_role)
        expect.status(answer, 200, "the state of an accepted request")
        state = answer.json.get("status")
        if state == "completed":
            return answer
        if patience.over or state not in STATES_ON_THE_WAY:
            got = f"status {state!r}, last seen in {answer.described}"
            expected = f"status 'completed' within {patience.seconds:g} s"
            expect.fail(expected, got, history(expect.settings, execution_arn))
        patience.pause()


def test_a_replay_answers_the_same_ids(
    api: RequestsApi, expect: Expectations, settings: Settings, smoke_role: Signer
) -> None:
    """The same body with the same Idempotency-Key is answered with the same ids."""
    key, body = str(uuid4()), payload(settings, "replay")
    request_id, execution_arn = accepted(expect, api.submit(body, smoke_role, key))

    replay = api.submit(body, smoke_role, key)

    again_id, again_arn = accepted(expect, replay)
    expect.same("the first answer's request_id", request_id, again_id, replay)
    expect.same("the first answer's execution_arn", execution_arn, again_arn, replay)


def test_a_key_used_for_another_body_is_a_conflict(
    api: RequestsApi, expect: Expectations, settings: Settings, smoke_role: Signer
) -> None:
    """Another body with the same Idempotency-Key is refused with 409."""
    key = str(uuid4())
    accepted(expect, api.submit(payload(settings, "first body"), smoke_role, key))

    answer = api.submit(payload(settings, "second body"), smoke_role, key)

    expect.problem(answer, 409, "the key belongs to another body")


def test_an_unsigned_call_is_refused(
    api: RequestsApi, expect: Expectations, settings: Settings
) -> None:
    """Calls without a signature are refused with 403."""
    body = payload(settings, "unsigned")
    expect.status(api.submit(body, NOBODY), 403, "nobody may submit unsigned")
    expect.status(api.fetch(str(uuid4()), NOBODY), 403, "nobody may read unsigned")


def test_a_principal_without_permission_is_refused(
    api: RequestsApi, expect: Expectations, settings: Settings, build_role: Signer
) -> None:
    """Calls signed by a role without permission are refused with 403."""
    body = payload(settings, "without permission")
    expect.status(api.submit(body, build_role), 403, "this role may not submit")
    expect.status(api.fetch(str(uuid4()), build_role), 403, "this role may not read")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b'{"cut": "sho', id="JSON cut short"),
        pytest.param(b'[{"in": "an array"}]', id="an array"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"null", id="null"),
    ],
)
def test_a_bad_body_is_refused(
    api: RequestsApi, expect: Expectations, smoke_role: Signer, body: bytes
) -> None:
    """A body that is not a JSON object is refused with 400."""
    expect.problem(api.submit(body, smoke_role), 400, "the body is not a JSON object")


def test_an_unknown_request_is_not_found(
    api: RequestsApi, expect: Expectations, smoke_role: Signer
) -> None:
    """The state of a request that was never made is a 404."""
    expect.problem(api.fetch(str(uuid4()), smoke_role), 404, "no such request")
