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
from tests.support.request_stores import MACHINE, World

BODY = b'{"amount": 12}'
_calls = map(str, itertools.count())


def submission(
    key: str | None = None, body: bytes = BODY, principal: str = "AROAONE"
) -> Submission:
    return Submission(body, principal, call_id=next(_calls), idempotency_key=key)


@pytest.fixture
def world() -> World:
    return World()


def test_an_accepted_request_is_in_every_store_under_one_id(world: World) -> None:
    row = world.acceptance().accept(submission()).row
    assert world.payloads == {f"requests/{row.request_id}.json": BODY}
    assert world.rows == {row.request_id: row}
    assert world.started == [row.request_id]
    assert row.status is Status.ACCEPTED
    assert row.step_function_execution_arn == f"{MACHINE}:{row.request_id}"


def test_without_a_key_row_and_payload_are_written_at_once_and_the_start_comes_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2, timeout=5)

    def together(action: Callable[..., object]) -> Callable[..., object]:
        def meet_and_act(*arguments: object) -> object:
            meeting.wait()
            return action(*arguments)

        return meet_and_act

    for name in ("put", "insert"):
        monkeypatch.setattr(world, name, together(getattr(world, name)))
    world.acceptance().accept(submission())
    assert set(world.journal[:2]) == {"put", "insert"}
    assert world.journal[2:] == ["start"]


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
def test_half_an_acceptance_is_no_success_and_starts_nothing(world: World, lost: str) -> None:
    world.fail_before.add(lost)
    with pytest.raises(UnavailableError):
        world.acceptance().accept(submission())
    assert (len(world.payloads), len(world.rows)) == ((0, 1) if lost == "put" else (1, 0))
    assert world.started == []


def test_a_row_is_in_the_index_of_pending_rows_from_the_start(world: World) -> None:
    rows = [world.acceptance().accept(submission()).row for _ in range(50)]
    assert {row.pending for row in rows} <= {str(shard) for shard in range(SHARDS)}
    assert len({row.pending for row in rows}) > 1
    assert all(row.pending_since == f"accepted {row.timestamp}" for row in rows)


def test_a_request_that_was_given_up_is_not_called_accepted(world: World) -> None:
    row = world.acceptance().accept(submission("k")).row
    given_up = replace(row, status=Status.FAILED, failure_error=PAYLOAD_MISSING)
    world.rows[row.request_id] = given_up
    with pytest.raises(RequestGivenUpError):
        world.acceptance().accept(submission("k"))


def test_a_request_that_failed_in_its_workflow_is_replayed_as_accepted(world: World) -> None:
    row = world.acceptance().accept(submission("k")).row
    world.rows[row.request_id] = replace(row, status=Status.FAILED, failure_error="NoStock")
    assert world.acceptance().accept(submission("k")).replayed


def test_with_a_key_the_row_decides_first_and_the_start_comes_last(world: World) -> None:
    world.acceptance().accept(submission("k"))
    assert world.journal == ["insert", "put", "start"]


def test_equal_bodies_without_a_key_are_two_requests(world: World) -> None:
    first, second = (world.acceptance().accept(submission()) for _ in range(2))
    assert first.row.request_id != second.row.request_id
    assert len(world.started) == 2


def test_a_repeated_key_gets_the_same_answer_and_does_nothing_twice(world: World) -> None:
    first, second = (world.acceptance().accept(submission("k")) for _ in range(2))
    assert second.row == first.row
    assert (first.replayed, second.replayed) == (False, True)
    assert (len(world.payloads), len(world.rows), len(world.started)) == (1, 1, 1)


def test_a_replay_of_a_request_that_moved_on_touches_nothing(world: World) -> None:
    row = world.acceptance().accept(submission("k")).row
    moved = Status.PROCESSING
    world.rows[row.request_id] = type(row)(**{**vars(row), "status": moved})
    world.journal.clear()
    assert world.acceptance().accept(submission("k")).replayed
    assert world.journal == ["insert"]


def test_a_key_with_another_body_is_refused_and_the_first_body_stays(world: World) -> None:
    row = world.acceptance().accept(submission("k")).row
    with pytest.raises(KeyReusedError):
        world.acceptance().accept(submission("k", b"{}"))
    assert world.payloads == {row.s3_key: BODY}


def test_two_callers_may_use_the_same_key(world: World) -> None:
    one = world.acceptance().accept(submission("k", principal="AROAONE"))
    two = world.acceptance().accept(submission("k", principal="AROATWO"))
    assert one.row.request_id != two.row.request_id


def test_no_caller_and_key_are_taken_for_another_pair(world: World) -> None:
    account = world.acceptance().accept(submission("bob:k", principal="123456789012"))
    federated = world.acceptance().accept(submission("k", principal="123456789012:bob"))
    assert account.row.request_id != federated.row.request_id


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
def test_a_failing_start_is_still_a_success(world: World, key: str | None, when: str) -> None:
    getattr(world, when).add("start")
    row = world.acceptance().accept(submission(key)).row
    assert world.rows[row.request_id] == row
    assert world.payloads[row.s3_key] == BODY
    assert world.deferred == [row.request_id]


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.parametrize("call", ["put", "insert"])
def test_an_undecided_request_is_not_started(world: World, when: str, call: str) -> None:
    getattr(world, when).add(call)
    for key in (None, "k"):
        with pytest.raises(UnavailableError):
            world.acceptance().accept(submission(key))
    assert world.started == []


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.parametrize("call", ["put", "insert", "start"])
def test_repeating_with_the_key_finishes_what_a_fault_left(
    world: World, when: str, call: str
) -> None:
    getattr(world, when).add(call)
    _ignoring_unavailable(lambda: world.acceptance().accept(submission("k")))
    getattr(world, when).clear()
    row = world.acceptance().accept(submission("k")).row
    assert world.payloads == {row.s3_key: BODY}
    assert list(world.rows) == world.started == [row.request_id]


def test_a_row_whose_writer_missed_the_reply_is_not_called_a_replay(world: World) -> None:
    mine = submission("k")
    world.acceptance().accept(mine)
    # What the client library's own retry sees: the condition fails on the row just written.
    assert not world.acceptance().accept(mine).replayed


def test_a_request_is_found_by_its_id(world: World) -> None:
    row = world.acceptance().accept(submission()).row
    assert world.acceptance().find(row.request_id) == row


@pytest.mark.parametrize("request_id", ["", "nope", "0" * 32, "../rows", "A" * 3000])
def test_what_cannot_be_an_id_is_not_looked_for(world: World, request_id: str) -> None:
    with pytest.raises(NotFoundError):
        world.acceptance().find(request_id)
    assert world.journal == []


def test_rows_hold_no_payload(world: World) -> None:
    secret = json.dumps({"pan": "4111-1111"}).encode()
    row = world.acceptance().accept(submission(body=secret)).row
    assert "4111" not in repr(row)


def _ignoring_unavailable(action: Callable[[], Acceptance]) -> None:
    try:
        action()
    except UnavailableError:
        return
