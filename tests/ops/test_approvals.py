"""Approving and rejecting: the release that was shown and no other, with a record that stays.

Proves on a running emulator what a person sees, what is asked again, what happens when another
answer or another release comes between, and what is kept of it. That AWS takes its time to know an
answer is not shown here. Each test leaves the pipeline idle.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import approvals, decisions
from ops.decisions import Answer, Bucket, Decision
from ops.errors import NotAnsweredError, NotRecordedError, NotWaitingError
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution
from ops.text import plain
from ops.verdicts import Level, Verdict
from tests.embedded_aws.delivery import GOOD, NAME, Delivery
from tests.embedded_aws.emulated import DEV, REGION, TOOLS
from tests.ops.conftest import Ops
from tests.support import aws

ADMINISTRATOR = f"arn:aws:iam::{TOOLS}:user/administrator"
BUCKET = f"delivery-decisions-{TOOLS}-{REGION}"
LOST = Verdict(Level.RED, "data", "Table is replaced: its data is lost")


def push(delivery: Delivery, message: str) -> str:
    """Pushes a commit; the execution, which has not asked anybody yet."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": message}}
    delivery.commit_and_push(
        message, stack_json=json.dumps({**GOOD, "Resources": {"Topic": topic}})
    )
    return str(delivery.newest()["pipelineExecutionId"])


def waits(delivery: Delivery, message: str) -> str:
    """Pushes a commit; the execution, once its approval waits."""
    execution = push(delivery, message)
    delivery.approval(execution)
    return execution


def doubted(delivery: Delivery, message: str) -> str:
    """The same, with a promotion page that speaks against it."""
    execution = waits(delivery, message)
    twin = json.dumps({"verdicts": [asdict(LOST)]})
    Bucket(NAME, delivery.client).keep_promotion(execution, "<p>", twin)
    return execution


class Person(io.StringIO):
    """Somebody at a terminal who thinks, then types one line."""

    def __init__(self, types: str, thinks: Callable[[], object] = lambda: None) -> None:
        super().__init__(f"{types}\n")
        self._thinks = thinks

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:
        self._thinks()
        return super().readline(size)


def at_the_terminal(monkeypatch: pytest.MonkeyPatch, person: Person) -> None:
    monkeypatch.setattr("sys.stdin", person)


def records(delivery: Delivery, execution: str) -> list[dict[str, Any]]:
    """What the bucket has of an execution."""
    s3 = delivery.client("s3")
    keys = [
        each["Key"]
        for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="decisions/").get("Contents", [])
    ]
    found = [json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]
    return [each for each in found if each.get("execution_id") == execution]


def test_what_something_speaks_against_is_not_approved_unless_somebody_insists(
    delivery: Delivery, ops: Ops
) -> None:
    execution = doubted(delivery, "A first change \x1b[2J")
    looked = ops("approve", "--dry-run")
    assert f"Promote/Approve of {NAME} waits for execution {execution}" in looked.out
    assert "A first change  [2J" in looked.out
    assert f"RED   data: {LOST.text}" in looked.out
    assert "NOTE  tests: nothing of it is deployed yet" in looked.out
    assert f"would be approved Promote/Approve of execution {execution}" in looked.out
    with pytest.raises(NotAnsweredError, match=f"not approved: .* are red, for one: {LOST.text}"):
        ops("approve")
    assert records(delivery, execution) == []
    assert delivery.status(execution) == "InProgress"

    said = ops("approve", "--yes", "--reason", "Seen on the staging desk.", "--json").document

    delivery.succeeds(execution)
    assert (said["answer"], said["execution_id"]) == ("approved", execution)
    (record,) = records(delivery, execution)
    assert said["record"].startswith(f"s3://{BUCKET}/decisions/{datetime.now(UTC):%Y-%m}/")
    assert (record["answer"], record["by"]) == ("approved", ADMINISTRATOR)
    assert record["reason"] == "Seen on the staging desk."
    assert record["commit"] == delivery.git("rev-parse", "HEAD").strip()
    assert record["verdicts"] == said["verdicts"]
    assert asdict(LOST) in record["verdicts"]
    assert abs(datetime.fromisoformat(record["at"]) - datetime.now(UTC)) < timedelta(minutes=1)

    with pytest.raises(NotWaitingError) as again:
        ops("approve", "--yes")
    last = f"no approval waits in {NAME}; the last one, of {execution}, was approved by"
    assert str(again.value).startswith(f"{last} {ADMINISTRATOR} at ")
    with pytest.raises(NotWaitingError, match=f"the approval of {execution} was approved by "):
        ops("reject", "--reason", "too late", "--execution", execution[:8])


def test_a_person_is_asked_again_and_may_leave_it(
    delivery: Delivery, ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = doubted(delivery, "Ask again")
    at_the_terminal(monkeypatch, Person("no"))
    with pytest.raises(NotAnsweredError, match="it still waits"):
        ops("approve")
    assert delivery.status(execution) == "InProgress"
    at_the_terminal(monkeypatch, Person("yes"))
    with pytest.raises(NotAnsweredError, match="--yes approves"):
        ops("approve", "--json")  # for programs, which nobody asks
    assert "1 of these are red" in ops("approve").out
    delivery.succeeds(execution)


def test_an_approval_never_lets_another_release_through(
    delivery: Delivery, ops: Ops, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = doubted(delivery, "What was looked at")
    others = []

    def another_takes_its_place() -> None:
        delivery.answer(seen, "Rejected", "a colleague was faster")
        delivery.ended(seen)
        others.append(waits(delivery, "What nobody looked at"))

    at_the_terminal(monkeypatch, Person("yes", another_takes_its_place))
    with pytest.raises(NotWaitingError) as late:
        ops("approve")
    assert f"too late: the approval of {seen} was rejected by {ADMINISTRATOR}" in str(late.value)
    assert "a colleague was faster" in str(late.value)
    (other,) = others
    assert delivery.status(other) == "InProgress"
    with pytest.raises(NotWaitingError, match=f"Promote/Approve waits for {other}"):
        ops("approve", "--yes", "--execution", seen)
    assert delivery.status(other) == "InProgress"
    assert ops("reject", "--reason", "cleared", "--execution", other).code == 0
    assert delivery.ended(other) == "Failed"


def test_a_newer_push_is_told_and_a_superseded_one_explained(delivery: Delivery, ops: Ops) -> None:
    first, second = waits(delivery, "First"), push(delivery, "Second")
    delivery.until(lambda: _inbound(delivery) == [second], "the second waits")
    third = push(delivery, "Third")
    assert delivery.ended(second) == "Superseded"
    shown = ops("approve", "--dry-run").out
    assert f"NOTE  newer commit: a newer execution is on its way: {third}" in shown
    assert shown.count("newer commit") == 1
    with pytest.raises(NotWaitingError, match=f"{second} was superseded before anybody was asked"):
        ops("approve", "--yes", "--execution", second)
    with pytest.raises(NotWaitingError, match=f"{third} has not come to an approval yet"):
        ops("approve", "--yes", "--execution", third)
    with pytest.raises(NotWaitingError, match=f"{NAME} has no execution 00000000"):
        ops("approve", "--yes", "--execution", "00000000")
    assert ops("approve", "--reason", "nothing is red").code == 0
    delivery.ended(first)
    delivery.approval(third)
    ops("reject", "--reason", "cleared")
    delivery.ended(third)


def _inbound(delivery: Delivery) -> list[str]:
    stage = delivery.api.get_pipeline_state(name=NAME)["stageStates"][1]
    return [each["pipelineExecutionId"] for each in stage.get("inboundExecutions", [])]


def test_an_answer_that_was_given_elsewhere_is_recorded_when_asked(
    delivery: Delivery, ops: Ops
) -> None:
    execution = waits(delivery, "Answered in the console\n\nwith \x1b[31m escapes")
    delivery.answer(execution, "Rejected", "not on a Friday")
    delivery.ended(execution)
    shown = ops("decisions").out
    assert f"rejected by {ADMINISTRATOR}  (not recorded: --keep)" in shown
    assert "not on a Friday" in shown
    assert "\x1b" not in shown
    assert ops("decisions", "--keep", "--dry-run").code == 0
    assert records(delivery, execution) == []
    for _ in range(2):
        told = ops("decisions", "--keep", "--json").document["decisions"]
        assert all(each["recorded"] for each in told)
        (record,) = records(delivery, execution)
        assert (record["by"], record["reason"]) == (ADMINISTRATOR, "not on a Friday")


OLD = Decision(
    pipeline=NAME,
    execution_id="e",
    action_execution_id="a",
    action="Promote/Approve",
    answer=Answer.APPROVED,
    by=ADMINISTRATOR,
    asked=datetime(2020, 2, 1, 8, tzinfo=UTC),
    at=datetime(2020, 2, 1, 9, tzinfo=UTC),
    reason="long ago",
    commit="c" * 40,
    message="An old commit",
)


def test_a_record_outlives_the_history_and_is_written_once(delivery: Delivery, ops: Ops) -> None:
    bucket = Bucket(NAME, delivery.client)
    assert bucket.keep(OLD)
    assert not bucket.keep(replace(OLD, reason="rewritten"))
    (told,) = [
        e
        for e in ops("decisions", "--json").document["decisions"]
        if e["by"] and e["at"].startswith("2020")
    ]
    assert (told["reason"], told["recorded"]) == ("long ago", True)
    months = ops("delivery", "--json").document["months"]
    assert months[0]["month"] == "2020-02"
    assert months[0]["waiting_for_a_person_seconds"] == 3600


def test_an_answer_that_cannot_be_recorded_says_how_it_can_be_later(
    delivery: Delivery, ops: Ops
) -> None:
    session = delivery.server.session(delivery.administrators[TOOLS])
    statement = {"Effect": "Allow", "Resource": "*"}
    allowed = {**statement, "Action": ["codepipeline:*", "codebuild:*", "s3:List*", "s3:Get*"]}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    keys = aws.user(session, "answers-only", json.dumps(policy))
    execution = waits(delivery, "Unrecorded")
    with pytest.raises(NotRecordedError) as said:
        ops("reject", "--reason", "no", client=delivery.server.session(keys).client)
    assert "answered, but not recorded yet" in str(said.value)
    assert "`python -m ops decisions --keep`" in str(said.value)
    delivery.ended(execution)
    ops("decisions", "--keep")
    (record,) = records(delivery, execution)
    assert record["by"] == f"arn:aws:iam::{TOOLS}:user/answers-only"


def test_a_strangers_bucket_of_that_name_is_not_asked(delivery: Delivery) -> None:
    where = {"LocationConstraint": REGION}
    name = f"squatted-decisions-{TOOLS}-{REGION}"
    strangers = delivery.client("s3", DEV)
    strangers.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    us = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{TOOLS}:root"}, "Action": "s3:*"}
    both = {**us, "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [both]})
    strangers.put_bucket_policy(Bucket=name, Policy=policy)
    bucket = Bucket("squatted", delivery.client)
    with pytest.raises(NotRecordedError, match="in its own account"):
        bucket.exists()
    with pytest.raises(NotRecordedError):
        bucket.keep(OLD)
    assert strangers.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_a_pipeline_without_a_bucket_keeps_no_record(delivery: Delivery) -> None:
    assert not Bucket("nobodys", delivery.client).exists()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 513])
def test_a_reason_that_cannot_be_kept_is_refused_before_anything(reason: str, ops: Ops) -> None:
    with pytest.raises(NotAnsweredError, match=r"the reason|say why"):
        ops("approve", "--yes", "--reason", reason)


START = datetime(2026, 1, 1, tzinfo=UTC)


class TimedOut(Pipeline):
    """One whose approval nobody answered in time, which takes five minutes at least."""

    def __init__(self) -> None:
        self.name = NAME

    def executions(self) -> list[Execution]:
        return [Execution("e", "Failed", "c" * 40)]

    def history(self) -> list[ActionRun]:
        run = ActionRun("a", "Promote", "Approve", "Failed", START, START, "Deploy?", "late", "t")
        return [replace(run, execution_id="e", category="Approval")]


def test_time_that_was_up_is_told_from_a_rejection() -> None:
    (decision,) = decisions.made(TimedOut())
    assert (decision.answer, decision.by, decision.reason) == (Answer.TIMED_OUT, "", "")
    became = approvals.became_of(TimedOut(), "e")
    assert became.startswith("the approval of e timed out at 2026-01-01 00:00:00 UTC: push again")


@given(st.builds(str, st.text()))
def test_a_record_is_read_as_it_was_written(text: str) -> None:
    decision = replace(OLD, reason=text, message=text)
    assert Decision.parse(json.loads(json.dumps(decision.as_json()))) == decision
    assert plain(text).isprintable()
