"""Acceptance is once and whole, whichever call fails before or after having its effect.

Proved on the real logic over in-memory stores. Not proved: that the AWS stores keep the ports'
promises (see test_requests_stores.py and the rehearsal), and concurrency inside one store.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from services.common.runtime.idempotency import KeyReusedError
from services.common.runtime.problems import (
    NotFoundError,
    UnavailableError,
)
from services.requests.runtime.logic import SHARDS, in_parallel
from services.requests.runtime.models import PAYLOAD_MISSING, Acceptance, Status, Submission
from services.requests.runtime.problems import RequestGivenUpError
from tests.support.request_stores import MACHINE, RequestStores

BODY = b'{"amount": 12}'
_calls = map(str, itertools.count())


def submission(
    key: str | None = None, body: bytes = BODY, principal: str = "AROAONE"
) -> Submission:
    return Submission(body, principal, call_id=next(_calls), idempotency_key=key)


@pytest.fixture
def stores() -> RequestStores:
    return RequestStores()


def test_an_accepted_request_is_in_every_store_under_one_id(stores: RequestStores) -> None:
    row = stores.acceptance().accept(submission()).row
    assert stores.payloads == {f"requests/{row.request_id}.json": BODY}
    assert stores.rows == {row.request_id: row}
    assert stores.started == [row.request_id]
    assert row.status is Status.ACCEPTED
    assert row.step_function_execution_arn == f"{MACHINE}:{row.request_id}"


def test_without_a_key_row_and_payload_are_written_at_once_and_the_start_comes_last(
    stores: RequestStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2, timeout=5)

    def together(action: Callable[..., object]) -> Callable[..., object]:
        def meet_and_act(*arguments: object) -> object:
            meeting.wait()
            return action(*arguments)

        return meet_and_act

    for name in ("put", "insert"):
        monkeypatch.setattr(stores, name, together(getattr(stores, name)))
    stores.acceptance().accept(submission())
    assert set(stores.journal[:2]) == {"put", "insert"}
    assert stores.journal[2:] == ["start"]


@pytest.mark.parametrize("failing", ["one", "other", "both"])
def test_a_failure_is_answered_only_when_nothing_runs_any_more(failing: str) -> None:
    ended = []

    def act(name: str, delay: float) -> None:
        time.sleep(delay)
        ended.append(name)
        if failing in (name, "both"):
            raise UnavailableError

    for delays in ((0.05, 0), (0, 0.05)):
        ended.clear()
        with pytest.raises(UnavailableError):
            in_parallel(partial(act, "one", delays[0]), partial(act, "other", delays[1]))
        assert sorted(ended) == ["one", "other"]


@pytest.mark.parametrize("lost", ["put", "insert"])
def test_half_an_acceptance_is_no_success_and_starts_nothing(
    stores: RequestStores, lost: str
) -> None:
    stores.fail_before.add(lost)
    with pytest.raises(UnavailableError):
        stores.acceptance().accept(submission())
    assert (len(stores.payloads), len(stores.rows)) == ((0, 1) if lost == "put" else (1, 0))
    assert stores.started == []


def test_a_row_is_in_the_index_of_pending_rows_from_the_start(stores: RequestStores) -> None:
    rows = [stores.acceptance().accept(submission()).row for _ in range(50)]
    assert {row.pending for row in rows} <= {str(shard) for shard in range(SHARDS)}
    assert len({row.pending for row in rows}) > 1
    assert all(row.pending_since == f"accepted {row.timestamp}" for row in rows)


def test_a_request_that_was_given_up_is_not_called_accepted(stores: RequestStores) -> None:
    row = stores.acceptance().accept(submission("k")).row
    given_up = replace(row, status=Status.FAILED, failure_error=PAYLOAD_MISSING)
    stores.rows[row.request_id] = given_up
    with pytest.raises(RequestGivenUpError):
        stores.acceptance().accept(submission("k"))


def test_a_request_that_failed_in_its_workflow_is_replayed_as_accepted(
    stores: RequestStores,
) -> None:
    row = stores.acceptance().accept(submission("k")).row
    stores.rows[row.request_id] = replace(row, status=Status.FAILED, failure_error="NoStock")
    assert stores.acceptance().accept(submission("k")).replayed


def test_with_a_key_the_row_decides_first_and_the_start_comes_last(stores: RequestStores) -> None:
    stores.acceptance().accept(submission("k"))
    assert stores.journal == ["insert", "put", "start"]


def test_equal_bodies_without_a_key_are_two_requests(stores: RequestStores) -> None:
    first, second = (stores.acceptance().accept(submission()) for _ in range(2))
    assert first.row.request_id != second.row.request_id
    assert len(stores.started) == 2


def test_a_repeated_key_gets_the_same_answer_and_does_nothing_twice(stores: RequestStores) -> None:
    first, second = (stores.acceptance().accept(submission("k")) for _ in range(2))
    assert second.row == first.row
    assert (first.replayed, second.replayed) == (False, True)
    assert (len(stores.payloads), len(stores.rows), len(stores.started)) == (1, 1, 1)


def test_a_replay_of_a_request_that_moved_on_touches_nothing(stores: RequestStores) -> None:
    row = stores.acceptance().accept(submission("k")).row
    moved = Status.PROCESSING
    stores.rows[row.request_id] = type(row)(**{**vars(row), "status": moved})
    stores.journal.clear()
    assert stores.acceptance().accept(submission("k")).replayed
    assert stores.journal == ["insert"]


def test_a_key_with_another_body_is_refused_and_the_first_body_stays(stores: RequestStores) -> None:
    row = stores.acceptance().accept(submission("k")).row
    with pytest.raises(KeyReusedError):
        stores.acceptance().accept(submission("k", b"{}"))
    assert stores.payloads == {row.s3_key: BODY}


def test_two_callers_may_use_the_same_key(stores: RequestStores) -> None:
    one = stores.acceptance().accept(submission("k", principal="AROAONE"))
    two = stores.acceptance().accept(submission("k", principal="AROATWO"))
    assert one.row.request_id != two.row.request_id


def test_no_caller_and_key_are_taken_for_another_pair(stores: RequestStores) -> None:
    account = stores.acceptance().accept(submission("bob:k", principal="123456789012"))
    federated = stores.acceptance().accept(submission("k", principal="123456789012:bob"))
    assert account.row.request_id != federated.row.request_id


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
def test_a_failing_start_is_still_a_success(
    stores: RequestStores, key: str | None, when: str
) -> None:
    getattr(stores, when).add("start")
    row = stores.acceptance().accept(submission(key)).row
    assert stores.rows[row.request_id] == row
    assert stores.payloads[row.s3_key] == BODY
    assert stores.deferred == [row.request_id]


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.parametrize("call", ["put", "insert"])
def test_an_undecided_request_is_not_started(stores: RequestStores, when: str, call: str) -> None:
    getattr(stores, when).add(call)
    for key in (None, "k"):
        with pytest.raises(UnavailableError):
            stores.acceptance().accept(submission(key))
    assert stores.started == []


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.parametrize("call", ["put", "insert", "start"])
def test_repeating_with_the_key_finishes_what_a_fault_left(
    stores: RequestStores, when: str, call: str
) -> None:
    getattr(stores, when).add(call)
    _ignoring_unavailable(lambda: stores.acceptance().accept(submission("k")))
    getattr(stores, when).clear()
    row = stores.acceptance().accept(submission("k")).row
    assert stores.payloads == {row.s3_key: BODY}
    assert list(stores.rows) == stores.started == [row.request_id]


def test_a_row_whose_writer_missed_the_reply_is_not_called_a_replay(stores: RequestStores) -> None:
    mine = submission("k")
    stores.acceptance().accept(mine)
    # What the client library's own retry sees: the condition fails on the row just written.
    assert not stores.acceptance().accept(mine).replayed


def test_a_request_is_found_by_its_id(stores: RequestStores) -> None:
    row = stores.acceptance().accept(submission()).row
    assert stores.acceptance().find(row.request_id) == row


@pytest.mark.parametrize("request_id", ["", "nope", "0" * 32, "../rows", "A" * 3000])
def test_what_cannot_be_an_id_is_not_looked_for(stores: RequestStores, request_id: str) -> None:
    with pytest.raises(NotFoundError):
        stores.acceptance().find(request_id)
    assert stores.journal == []


def test_rows_hold_no_payload(stores: RequestStores) -> None:
    secret = json.dumps({"pan": "4111-1111"}).encode()
    row = stores.acceptance().accept(submission(body=secret)).row
    assert "4111" not in repr(row)


def _ignoring_unavailable(action: Callable[[], Acceptance]) -> None:
    try:
        action()
    except UnavailableError:
        return
