"""The sweeper starts what never started and ends what can never end, and nothing else.

Proved on in-memory stores that fail before or after acting. Not proved: that the AWS stores keep
these promises (test_requests_backlog.py), or random interleavings of callers and faults.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.logic import SHARDS, AcceptanceService
from services.requests.runtime.models import PAYLOAD_MISSING, Ending, Row, Status, Submission
from services.requests.runtime.problems import RequestGivenUpError
from services.requests.runtime.sweeper import (
    ACCEPTED_PAUSE,
    PAYLOAD_BOUND,
    PROCESSING_PAUSE,
    Outcome,
    Sweep,
    Sweeper,
)
from tests.support.request_stores import RequestStores

SECOND = timedelta(seconds=1)
BODY = b'{"a":1}'
# How long a call to the API can take, at most.
CALL = timedelta(seconds=28)
# Parts of the index: of each status and shard.
PARTS = 2 * SHARDS


@dataclass
class Scene:
    """A stores with a clock, in which calls are made and sweeps run."""

    stores: RequestStores = field(default_factory=RequestStores)
    clock: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def accept(self, key: str | None = None) -> Row:
        acceptance = AcceptanceService(self.stores, self.stores, self.stores, _ignore, now=self.now)
        return acceptance.accept(Submission(BODY, "AROAONE", "call", key)).row

    def accept_without(self, call: str, key: str | None = "k") -> Row:
        """A row whose call to a store failed."""
        self.stores.fail_before.add(call)
        with contextlib.suppress(UnavailableError):
            self.accept(key)
        self.stores.fail_before.clear()
        (row,) = self.stores.rows.values()
        return row

    def sweep(self, after: timedelta = timedelta(0)) -> Sweep:
        self.clock += after
        return self.sweeper().run()

    def sweeper(self, limit: int = 100) -> Sweeper:
        return Sweeper(self.stores, self.stores, self.stores, now=self.now, limit=limit)

    def sweeper_with_time_for(self, steps: int) -> Sweeper:
        """For so many queries and looks, one after the other."""
        left = iter([True] * steps)
        return replace(self.sweeper(), may_go_on=lambda: next(left, False))

    def neighbours(self) -> list[Row]:
        """Two rows in one part of the index, not started yet, the older one first."""
        self.stores.fail_before.add("start")
        for _ in range(2):
            row = self.accept()
            self.stores.rows[row.request_id] = replace(row, pending="0")
            self.clock += SECOND
        self.stores.fail_before.clear()
        return list(self.stores.rows.values())

    def now(self) -> datetime:
        return self.clock

    def stored(self, row: Row) -> Row:
        return self.stores.rows[row.request_id]


def _ignore(*_: object) -> None:
    pass


def outcomes(sweep: Sweep) -> list[Outcome]:
    return [look.outcome for look in sweep.looks]


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize("key", [None, "k"])
def test_a_row_whose_start_was_lost_is_started(scene: Scene, key: str | None) -> None:
    row = scene.accept_without("start", key)
    assert outcomes(scene.sweep(ACCEPTED_PAUSE)) == [Outcome.STARTED]
    assert scene.stores.started == [row.request_id]
    assert scene.stores.adopted == {row.s3_key}


def test_a_fresh_row_is_left_to_its_own_call(scene: Scene) -> None:
    scene.accept_without("start")
    assert scene.sweep(ACCEPTED_PAUSE - SECOND).looks == ()


def test_the_pause_is_longer_than_a_call() -> None:
    assert ACCEPTED_PAUSE > CALL


def test_a_missing_payload_is_waited_for(scene: Scene) -> None:
    row = scene.accept_without("put")
    assert outcomes(scene.sweep(ACCEPTED_PAUSE)) == [Outcome.WAITING]
    scene.accept("k")
    scene.sweep(ACCEPTED_PAUSE)
    assert scene.stored(row).status is Status.ACCEPTED
    assert scene.stores.started == [row.request_id]


def test_a_payload_that_never_comes_is_given_up_visibly(scene: Scene) -> None:
    row = scene.accept_without("put")
    assert outcomes(scene.sweep(PAYLOAD_BOUND)) == [Outcome.WAITING]
    assert scene.stored(row).status is Status.ACCEPTED
    sweep = scene.sweep(ACCEPTED_PAUSE)
    assert outcomes(sweep) == [Outcome.GIVEN_UP]
    assert sweep.looks[0].ending is not None
    failed = scene.stored(row)
    assert (failed.status, failed.failure_error) == (Status.FAILED, PAYLOAD_MISSING)
    assert (failed.pending, failed.pending_since) == (None, None)
    assert scene.stores.started == []


def test_a_payload_that_comes_at_the_last_moment_is_processed(scene: Scene) -> None:
    row = scene.accept_without("put")
    # A repeated call has read the open row; its payload arrives after the closing look.
    scene.sweep(PAYLOAD_BOUND)
    scene.stores.put(row.s3_key, BODY)
    assert outcomes(scene.sweep(ACCEPTED_PAUSE)) == [Outcome.STARTED]
    assert scene.stores.started == [row.request_id]


def test_a_closed_row_takes_no_payload_and_the_caller_learns_its_end(scene: Scene) -> None:
    scene.accept_without("put")
    scene.sweep(PAYLOAD_BOUND)
    with pytest.raises(UnavailableError):
        scene.accept("k")
    assert scene.stores.payloads == {}
    scene.sweep(ACCEPTED_PAUSE)
    with pytest.raises(RequestGivenUpError):
        scene.accept("k")


def test_a_row_that_the_workflow_claimed_meanwhile_is_not_failed(scene: Scene) -> None:
    row = scene.accept_without("put")
    scene.sweep(PAYLOAD_BOUND)
    stale = scene.stored(row)
    scene.stores.claim(row.request_id, scene.clock)
    scene.clock += ACCEPTED_PAUSE
    assert not scene.stores.fail(stale, Ending("a", "b"), scene.clock)
    assert scene.stored(row).status is Status.PROCESSING


def test_a_failed_execution_does_not_leave_a_row_in_processing(scene: Scene) -> None:
    row = scene.accept()
    scene.stores.claim(row.request_id, scene.clock)
    scene.stores.endings[row.request_id] = Ending("TIMED_OUT", "too slow")
    assert scene.sweep(PROCESSING_PAUSE - SECOND).looks == ()
    assert outcomes(scene.sweep(SECOND)) == [Outcome.SETTLED]
    failed = scene.stored(row)
    assert (failed.status, failed.failure_error) == (Status.FAILED, "TIMED_OUT")


def test_a_running_execution_is_left_alone_and_not_asked_about_every_minute(scene: Scene) -> None:
    row = scene.accept()
    scene.stores.claim(row.request_id, scene.clock)
    assert outcomes(scene.sweep(PROCESSING_PAUSE)) == [Outcome.WAITING]
    assert scene.sweep(PROCESSING_PAUSE - SECOND).looks == ()
    assert scene.stored(row).status is Status.PROCESSING


def test_an_execution_that_ended_before_its_claim_is_settled(scene: Scene) -> None:
    row = scene.accept()
    scene.stores.endings[row.request_id] = Ending("FAILED", "no table")
    assert outcomes(scene.sweep(PAYLOAD_BOUND)) == [Outcome.SETTLED]
    assert scene.stored(row).status is Status.FAILED


def test_a_start_that_has_no_effect_moves_to_the_end_of_the_queue(scene: Scene) -> None:
    scene.accept()
    assert outcomes(scene.sweep(PAYLOAD_BOUND)) == [Outcome.STARTED]
    assert scene.sweep(ACCEPTED_PAUSE - SECOND).looks == ()


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.parametrize("call", ["pending", "adopt", "start"])
def test_a_fault_is_made_up_for_by_the_next_run(scene: Scene, when: str, call: str) -> None:
    row = scene.accept_without("start")
    getattr(scene.stores, when).add(call)
    sweep = scene.sweep(ACCEPTED_PAUSE)
    assert outcomes(sweep) == ([] if call == "pending" else [Outcome.TROUBLED])
    assert bool(sweep.unread) == (call == "pending")
    getattr(scene.stores, when).clear()
    scene.sweep(ACCEPTED_PAUSE)
    assert scene.stores.started == [row.request_id]


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
@pytest.mark.parametrize("call", ["adopt", "close", "fail"])
def test_giving_up_survives_a_fault_at_every_step(scene: Scene, when: str, call: str) -> None:
    row = scene.accept_without("put")
    getattr(scene.stores, when).add(call)
    for _ in range(2):
        scene.sweep(PAYLOAD_BOUND)
    getattr(scene.stores, when).clear()
    for _ in range(2):
        scene.sweep(PAYLOAD_BOUND)
    assert scene.stored(row).failure_error == PAYLOAD_MISSING


def test_one_row_in_trouble_holds_up_no_other(scene: Scene) -> None:
    rows = []
    scene.stores.fail_before.add("start")
    for _ in range(20):
        rows.append(scene.accept())
        scene.clock += SECOND
    scene.stores.fail_before.clear()
    scene.stores.lose_payload(rows[0].s3_key)
    scene.sweep(ACCEPTED_PAUSE)
    assert set(scene.stores.started) == {row.request_id for row in rows[1:]}


def test_rows_in_trouble_do_not_use_up_the_limit_of_run_after_run() -> None:
    class Stuck(RequestStores):
        def adopt(self, key: str) -> bool:
            if key == rows[0].s3_key:
                raise UnavailableError
            return super().adopt(key)

    scene = Scene(Stuck())
    rows = scene.neighbours()
    scene.clock += ACCEPTED_PAUSE
    assert outcomes(scene.sweeper(limit=1).run()) == [Outcome.TROUBLED]
    assert outcomes(scene.sweeper(limit=1).run()) == [Outcome.STARTED]
    assert scene.stores.started == [rows[1].request_id]


def test_nor_do_rows_whose_start_has_no_effect_yet(scene: Scene) -> None:
    rows = scene.neighbours()
    scene.clock += ACCEPTED_PAUSE
    for _ in range(2):
        assert outcomes(scene.sweeper(limit=1).run()) == [Outcome.STARTED]
    assert scene.stores.started == [row.request_id for row in rows]


def test_a_row_that_cannot_even_be_postponed_is_met_again(scene: Scene) -> None:
    row = scene.accept_without("start")
    scene.stores.fail_before |= {"start", "postpone"}
    for _ in range(2):
        assert outcomes(scene.sweep(ACCEPTED_PAUSE)) == [Outcome.TROUBLED]
    scene.stores.fail_before.clear()
    scene.sweep()
    assert scene.stores.started == [row.request_id]


def test_work_a_run_is_bounded_and_the_oldest_come_first(scene: Scene) -> None:
    rows = []
    scene.stores.fail_before.add("start")
    for _ in range(60):
        rows.append(scene.accept())
        scene.clock += SECOND
    scene.stores.fail_before.clear()
    scene.clock += ACCEPTED_PAUSE
    sweep = scene.sweeper(limit=1).run()
    assert len(sweep.looks) <= 8
    assert rows[0].request_id in scene.stores.started
    assert sweep.backlog == len(sweep.looks)


def test_a_run_stops_when_its_time_is_over(scene: Scene) -> None:
    scene.accept_without("start")
    scene.clock += ACCEPTED_PAUSE
    sweep = scene.sweeper_with_time_for(PARTS).run()
    assert (outcomes(sweep), sweep.unread) == ([Outcome.LEFT], 0)
    assert scene.stores.started == []


def test_parts_of_the_index_that_there_was_no_time_for_count_as_unread(scene: Scene) -> None:
    scene.accept_without("start")
    scene.clock += ACCEPTED_PAUSE
    assert scene.sweeper_with_time_for(0).run() == Sweep((), 0, timedelta(0), unread=PARTS)
    assert scene.sweeper_with_time_for(PARTS - 3).run().unread == 3
    assert scene.stores.started == []


def test_the_parts_of_the_index_are_read_at_once(scene: Scene) -> None:
    together = Barrier(PARTS, timeout=10)

    class Slow(RequestStores):
        def pending(self, shard: str, status: Status, until: datetime, limit: int) -> list[Row]:
            together.wait()
            return super().pending(shard, status, until, limit)

    with ThreadPoolExecutor(PARTS) as hands:
        sweep = Sweeper(Slow(), scene.stores, scene.stores, now=scene.now, each=hands.map).run()
    assert sweep.unread == 0


def test_when_time_runs_out_the_oldest_rows_were_looked_at(scene: Scene) -> None:
    scene.stores.fail_before.add("start")
    rows = []
    for _ in range(30):
        rows.append(scene.accept())
        scene.clock += SECOND
    scene.stores.fail_before.clear()
    scene.clock += ACCEPTED_PAUSE
    scene.sweeper_with_time_for(PARTS + 5).run()
    assert scene.stores.started == [row.request_id for row in rows[:5]]


def test_a_run_says_how_much_waits_and_for_how_long(scene: Scene) -> None:
    assert (scene.sweep().backlog, scene.sweep().oldest) == (0, timedelta(0))
    scene.accept_without("start")
    scene.stores.fail_before.add("start")
    scene.sweep(ACCEPTED_PAUSE)
    sweep = scene.sweep(ACCEPTED_PAUSE)
    assert (sweep.backlog, sweep.oldest) == (1, 2 * ACCEPTED_PAUSE)
