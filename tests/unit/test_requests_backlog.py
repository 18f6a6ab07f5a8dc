"""The sweeper's AWS stores keep what its ports promise, for the answers that AWS's models allow.

botocore's stubber checks every call and answer against the service models. Not proved: that AWS
answers so; the rehearsal shows it for the emulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.backlog import (
    DynamoBacklog,
    ExpressWorkflow,
    StandardWorkflow,
    connect_sweeper,
)
from services.requests.runtime.models import Ending, Row, Status
from services.requests.runtime.settings import StoreSettings

MACHINE = "arn:aws:states:us-west-2:222222222222:stateMachine:tap-dev-statemachine"
EXECUTION = "arn:aws:states:us-west-2:222222222222:execution:tap-dev-statemachine:id-1"
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
NOW_TEXT = "2026-11-23T07:00:00.000+00:00"
# One for all tests: it keeps the service models it has read.
SESSION = boto3.Session("key", "secret", region_name="us-west-2")
ROW = Row(
    request_id="id-1",
    timestamp="2026-11-23T06:00:00.000+00:00",
    s3_key="requests/id-1.json",
    status=Status.ACCEPTED,
    step_function_execution_arn=EXECUTION,
    body_sha256="00",
    accepted_by="call-1",
    pending="3",
    pending_since="accepted 2026-11-23T06:00:00.000+00:00",
)
ITEM = {name: {"S": value} for name, value in vars(ROW).items() if value is not None}
RUNNING = replace(ROW, status=Status.PROCESSING)
ENDING = Ending("TIMED_OUT", "x" * 2000)


@dataclass
class Table:
    """A stubbed table and the backlog over it."""

    client: Any
    stub: Stubber

    @property
    def backlog(self) -> DynamoBacklog:
        return DynamoBacklog(self.client, "table")

    def expect_update(self, expression: str, condition: str, **values: str) -> None:
        self.stub.add_response(
            "update_item",
            {},
            {
                "TableName": "table",
                "Key": {"request_id": {"S": "id-1"}},
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {f":{n}": {"S": v} for n, v in values.items()},
            },
        )


def stubbed(service: str) -> tuple[Any, Stubber]:
    client = SESSION.client(service)
    stub = Stubber(client)
    stub.activate()
    return client, stub


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table(*stubbed("dynamodb"))
    yield made
    made.stub.assert_no_pending_responses()


@pytest.fixture
def states() -> Iterator[tuple[Any, Stubber]]:
    client, stub = stubbed("stepfunctions")
    yield client, stub
    stub.assert_no_pending_responses()


def test_rows_of_a_shard_and_status_are_queried_oldest_first_and_never_scanned(
    table: Table,
) -> None:
    table.stub.add_response(
        "query",
        {"Items": [ITEM]},
        {
            "TableName": "table",
            "IndexName": "pending",
            "KeyConditionExpression": "pending = :shard AND pending_since BETWEEN :from AND :to",
            "ExpressionAttributeValues": {
                ":shard": {"S": "3"},
                ":from": {"S": "accepted "},
                ":to": {"S": f"accepted {NOW_TEXT}"},
            },
            "Limit": 7,
        },
    )
    assert table.backlog.pending("3", Status.ACCEPTED, NOW, 7) == [ROW]


def test_a_postponed_row_goes_to_the_end_unless_it_moved_on(table: Table) -> None:
    table.expect_update(
        "SET pending_since = :since",
        "#status = :status",
        status="processing",
        since=f"processing {NOW_TEXT}",
    )
    table.backlog.postpone(RUNNING, NOW)


def test_a_row_is_closed_once(table: Table) -> None:
    table.expect_update(
        "SET closed_at = :at, pending_since = :since",
        "#status = :status AND attribute_not_exists(closed_at)",
        status="accepted",
        at=NOW_TEXT,
        since=f"accepted {NOW_TEXT}",
    )
    table.backlog.close(ROW, NOW)


@pytest.mark.parametrize(
    ("row", "condition", "values"),
    [
        (RUNNING, "attribute_not_exists(closed_at)", {"status": "processing"}),
        (
            replace(ROW, closed_at="then"),
            "closed_at = :closed",
            {"status": "accepted", "closed": "then"},
        ),
    ],
)
def test_a_row_fails_only_as_it_was_seen_and_leaves_the_index(
    table: Table, row: Row, condition: str, values: dict[str, str]
) -> None:
    table.expect_update(
        "SET #status = :failed, updated_at = :at, failure_error = :error,"
        " failure_cause = :cause REMOVE pending, pending_since",
        f"#status = :status AND {condition}",
        failed="failed",
        at=NOW_TEXT,
        error="TIMED_OUT",
        cause="x" * 1000,
        **values,
    )
    assert table.backlog.fail(row, ENDING, NOW)


def test_a_row_that_moved_on_is_left_alone(table: Table) -> None:
    for _ in range(3):
        table.stub.add_client_error("update_item", "ConditionalCheckFailedException")
    table.backlog.postpone(ROW, NOW)
    table.backlog.close(ROW, NOW)
    assert not table.backlog.fail(ROW, ENDING, NOW)


def test_a_query_that_is_refused_is_unavailability(table: Table) -> None:
    table.stub.add_client_error("query", "ThrottlingException")
    with pytest.raises(UnavailableError):
        table.backlog.pending("0", Status.ACCEPTED, NOW, 1)


def test_an_update_that_is_refused_is_unavailability(table: Table) -> None:
    table.stub.add_client_error("update_item", "ThrottlingException")
    with pytest.raises(UnavailableError):
        table.backlog.postpone(ROW, NOW)


def described(status: str, **more: str) -> dict[str, Any]:
    base = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "startDate": NOW}
    return base | {"status": status, **more}


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def test_an_execution_that_may_still_end_well_has_no_ending(
    states: tuple[Any, Stubber], status: str
) -> None:
    states[1].add_response("describe_execution", described(status), {"executionArn": EXECUTION})
    assert StandardWorkflow(states[0], MACHINE).ending(RUNNING) is None


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (described("FAILED", error="E", cause="why"), Ending("E", "why")),
        (described("ABORTED"), Ending("ABORTED", "")),
        (described("TIMED_OUT"), Ending("TIMED_OUT", "")),
    ],
)
def test_an_execution_that_ended_badly_says_why(
    states: tuple[Any, Stubber], answer: dict[str, Any], ending: Ending
) -> None:
    states[1].add_response("describe_execution", answer, {"executionArn": ANY})
    assert StandardWorkflow(states[0], MACHINE).ending(RUNNING) == ending


def test_an_execution_without_a_record_is_over(states: tuple[Any, Stubber]) -> None:
    states[1].add_client_error("describe_execution", "ExecutionDoesNotExist")
    ending = StandardWorkflow(states[0], MACHINE).ending(RUNNING)
    assert ending is not None
    assert ending.error == "ExecutionUnknown"


def test_an_execution_that_does_not_show_yet_may_still_end_well(
    states: tuple[Any, Stubber],
) -> None:
    states[1].add_client_error("describe_execution", "ExecutionDoesNotExist")
    assert StandardWorkflow(states[0], MACHINE).ending(ROW) is None


def test_time_tells_that_an_express_execution_is_over() -> None:
    workflow = ExpressWorkflow(None, MACHINE)
    assert workflow.ending(ROW) is None
    ending = workflow.ending(RUNNING)
    assert ending is not None
    assert ending.error == "ExecutionLost"


@pytest.mark.parametrize(
    ("workflow_type", "workflow"), [("STANDARD", StandardWorkflow), ("EXPRESS", ExpressWorkflow)]
)
def test_the_type_of_the_workflow_is_a_setting(
    workflow_type: str, workflow: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    settings = StoreSettings(
        environment="dev",
        bucket="b",
        table="t",
        state_machine_arn=MACHINE,
        workflow_type=workflow_type,
    )
    payloads, backlog, made = connect_sweeper(settings)
    assert type(made) is workflow
    assert (payloads.bucket, backlog.table) == ("b", "t")
