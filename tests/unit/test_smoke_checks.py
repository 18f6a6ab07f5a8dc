"""The smoke suite tells a good environment from a broken one.

Proves, against a fake API and STS on this machine, that a good API passes and that each way of
being broken fails exactly the checks that should notice. Does not prove that signatures are right:
the fake looks at who signed, not whether well. The rehearsal proves that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_requests_api import FakeApi
from tests.support.fake_service import serving
from tests.support.smoke_runs import Checkout

ACCEPTED = "test_a_signed_request_is_accepted"
COMPLETED = "test_an_accepted_request_is_completed_in_every_store"
REPLAY = "test_a_replay_answers_the_same_ids"
CONFLICT = "test_a_key_used_for_another_body_is_a_conflict"
UNSIGNED = "test_an_unsigned_call_is_refused"
STRANGER = "test_a_principal_without_permission_is_refused"
BAD_BODY = "test_a_bad_body_is_refused"
UNKNOWN = "test_an_unknown_request_is_not_found"
PROBLEMS = {CONFLICT, BAD_BODY, UNKNOWN}
EVERY_CHECK = {ACCEPTED, COMPLETED, REPLAY, CONFLICT, UNSIGNED, STRANGER, BAD_BODY, UNKNOWN}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as api:
        yield api


@pytest.fixture
def checkout(tmp_path: Path, api: FakeApi) -> Checkout:
    return Checkout(tmp_path / "checkout").against(api.url)


def test_a_good_api_passes_every_check(checkout: Checkout) -> None:
    run = checkout.run()

    assert run.exit_code == 0, run.output
    assert run.results == dict.fromkeys(EVERY_CHECK, "passed")
    assert "dev passed All 12 checks passed" in run.text


def test_one_session_of_the_smoke_role_serves_the_whole_run(
    checkout: Checkout, api: FakeApi
) -> None:
    checkout.run()

    assert api.sessions == 1


@pytest.mark.parametrize(
    ("fault", "noticed_by", "told"),
    [
        ({"final_state": "failed"}, {COMPLETED}, "status 'failed'"),
        ({"final_state": "processing"}, {COMPLETED}, "status 'completed' within 1 s"),
        ({"s3_key": "elsewhere/{}"}, {COMPLETED}, "Expected: s3_key requests/"),
        ({"execution_account": "333333333333"}, {ACCEPTED}, "us-west-2 333333333333"),
        ({"forgets_keys": True}, {REPLAY, CONFLICT}, "the first answer's request_id"),
        ({"takes_any_body_for_a_key": True}, {CONFLICT}, "Expected: 409"),
        ({"open_to_all": True}, {UNSIGNED, STRANGER}, "authorization type AWS_IAM"),
        ({"open_to_any_signature": True}, {STRANGER}, "the build's own role"),
        ({"takes_bad_bodies": True}, {BAD_BODY}, "Expected: 400"),
        ({"finds_unknown_requests": True}, {UNKNOWN}, "Expected: 404"),
        ({"problem_type": "application/json"}, PROBLEMS, "content type application/problem+json"),
        ({"problem_detail": "KeyError in store.py"}, PROBLEMS, "without internals, not"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_fault_fails_the_checks_that_should_notice_it(
    checkout: Checkout, api: FakeApi, fault: dict[str, object], noticed_by: set[str], told: str
) -> None:
    for name, value in fault.items():
        setattr(api, name, value)

    run = checkout.run()

    assert run.exit_code == 1
    assert run.failed == noticed_by
    assert told in run.output
    assert "dev failed" in run.text


def test_a_server_error_is_shown_with_its_request_id_and_where_to_look(
    checkout: Checkout, api: FakeApi
) -> None:
    api.submit_fails_with = lambda _: (500, "application/problem+json", {"title": "Broken"})

    run = checkout.run()

    assert run.failed == {ACCEPTED, COMPLETED, REPLAY, CONFLICT, BAD_BODY}
    assert "Got 500 to POST / (role tap-dev-smoke," in run.text
    assert '{"title": "Broken"}' in run.text
    assert (
        "the log of function tap-dev-processor in account 222222222222, filtered by "
        "11111111-aaaa-bbbb-cccc-222222222222"
    ) in run.text


def test_an_answer_without_its_ids_is_not_an_acceptance(checkout: Checkout, api: FakeApi) -> None:
    api.submit_fails_with = lambda _: (200, "application/json", {"message": "accepted"})

    run = checkout.run("-k", ACCEPTED)

    assert run.failed == {ACCEPTED}
    assert "message, request_id and execution_arn" in run.text


def test_a_silent_api_fails_at_the_timeout_and_is_not_asked_again(
    checkout: Checkout, api: FakeApi
) -> None:
    api.seconds_to_answer = 3

    run = checkout.run("-k", ACCEPTED)

    assert run.failed == {ACCEPTED}
    assert "no answer to POST /" in run.text
    assert "ReadTimeout" in run.text
    assert api.calls == ["POST /v1/"]


def test_a_redirect_is_not_followed(checkout: Checkout, api: FakeApi) -> None:
    api.submit_fails_with = lambda _: (307, "text/plain", "elsewhere")

    run = checkout.run("-k", ACCEPTED)

    assert run.failed == {ACCEPTED}
    assert api.calls == ["POST /v1/"]


def test_an_address_where_nothing_listens_fails_and_says_so(checkout: Checkout) -> None:
    nobody_listens = {"TAP_REQUESTS_API_URL": "http://127.0.0.1:9/v1/"}

    run = checkout.run(variables=nobody_listens)

    assert run.exit_code == 1
    assert run.failed == EVERY_CHECK
    assert "whether stack tap-dev of account 222222222222 is deployed" in run.text


def test_without_a_session_of_the_smoke_role_no_signed_check_runs(
    checkout: Checkout, api: FakeApi
) -> None:
    api.refuses_sessions = True

    run = checkout.run()

    assert run.exit_code == 1
    assert run.failed == EVERY_CHECK - {UNSIGNED}
    assert "the trust policy of that role in account 222222222222" in run.text
    assert run.text.count("not yours to assume") == 1


def test_a_build_without_credentials_is_told_so(checkout: Checkout) -> None:
    run = checkout.run(variables={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})

    assert run.exit_code == 1
    assert "The build has no AWS credentials" in run.text
