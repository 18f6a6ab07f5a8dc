"""The AWS stores keep what the ports promise, for the answers that AWS's own models allow.

botocore's stubber checks every call and answer against the service models. Not proved: that AWS
answers so; the rehearsal shows it for the emulator.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from services.common.runtime.problems import UnavailableError
from services.common.runtime.variables import SettingsError
from services.requests.runtime.models import Row, Status
from services.requests.runtime.settings import Settings
from services.requests.runtime.stores import (
    DynamoRequestTable,
    ExpressStarter,
    S3Payloads,
    StepFunctionsStarter,
    connect,
)

MACHINE = "arn:aws:states:us-west-2:222222222222:stateMachine:tap-dev-statemachine"
# One for all tests: it keeps the service models it has read.
SESSION = boto3.Session("key", "secret", region_name="us-west-2")
ROW = Row(
    request_id="id-1",
    timestamp="2026-11-01T00:00:00.000+00:00",
    s3_key="requests/id-1.json",
    status=Status.ACCEPTED,
    step_function_execution_arn=f"{MACHINE.replace('stateMachine', 'execution')}:id-1",
    body_sha256="00",
    accepted_by="call-1",
)
ITEM = {
    "request_id": {"S": "id-1"},
    "timestamp": {"S": "2026-11-01T00:00:00.000+00:00"},
    "s3_key": {"S": "requests/id-1.json"},
    "status": {"S": "accepted"},
    "step_function_execution_arn": {"S": ROW.step_function_execution_arn},
    "body_sha256": {"S": "00"},
    "accepted_by": {"S": "call-1"},
}


class Stubs:
    """Clients that answer from a script; an unscripted call fails the test."""

    def __init__(self) -> None:
        names = ("s3", "dynamodb", "stepfunctions")
        self.clients: dict[str, Any] = {name: SESSION.client(name) for name in names}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()
        self.payloads = S3Payloads(self.clients["s3"], "bucket")
        self.rows = DynamoRequestTable(self.clients["dynamodb"], "table")
        self.workflow = StepFunctionsStarter(self.clients["stepfunctions"], MACHINE)


@pytest.fixture
def aws() -> Iterator[Stubs]:
    stubs = Stubs()
    yield stubs
    for stub in stubs.stubs.values():
        stub.assert_no_pending_responses()


def test_a_payload_is_stored_once_as_json_and_marked_as_undecided(aws: Stubs) -> None:
    expected = {
        "Bucket": "bucket",
        "Key": "k",
        "Body": b"{}",
        "ContentType": "application/json",
        "ChecksumSHA256": "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=",
        "IfNoneMatch": "*",
        "Tagging": "acceptance=undecided",
    }
    aws.stubs["s3"].add_response("put_object", {}, expected)
    aws.payloads.put("k", b"{}")


def test_a_payload_that_is_there_stays_as_it_is(aws: Stubs) -> None:
    aws.stubs["s3"].add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    aws.payloads.put("k", b"{}")


def test_a_payload_is_adopted_by_another_tag(aws: Stubs) -> None:
    tags = {"TagSet": [{"Key": "acceptance", "Value": "accepted"}]}
    expected = {"Bucket": "bucket", "Key": "k", "Tagging": tags}
    aws.stubs["s3"].add_response("put_object_tagging", {}, expected)
    assert aws.payloads.adopt("k")


def test_a_missing_payload_is_told_from_a_refusal(aws: Stubs) -> None:
    aws.stubs["s3"].add_client_error("put_object_tagging", "NoSuchKey", http_status_code=404)
    assert not aws.payloads.adopt("k")
    aws.stubs["s3"].add_client_error("put_object_tagging", "AccessDenied", http_status_code=403)
    with pytest.raises(UnavailableError):
        aws.payloads.adopt("k")


def test_a_row_is_written_whole_and_only_if_there_is_none(aws: Stubs) -> None:
    aws.stubs["dynamodb"].add_response(
        "put_item",
        {},
        {
            "TableName": "table",
            "Item": ITEM,
            "ConditionExpression": "attribute_not_exists(request_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    )
    assert aws.rows.insert(ROW) is None


def test_the_row_that_was_there_first_is_returned(aws: Stubs) -> None:
    there = ITEM | {"status": {"S": "completed"}, "claimed_by": {"S": "an execution"}}
    aws.stubs["dynamodb"].add_client_error(
        "put_item", "ConditionalCheckFailedException", modeled_fields={"Item": there}
    )
    first = aws.rows.insert(ROW)
    assert first is not None
    assert (first.request_id, first.status) == ("id-1", Status.COMPLETED)


@pytest.mark.parametrize(("reply", "row"), [({"Item": ITEM}, ROW), ({}, None)])
def test_a_row_is_read_consistently(aws: Stubs, reply: Any, row: Row | None) -> None:
    expected = {
        "TableName": "table",
        "Key": {"request_id": {"S": "id-1"}},
        "ConsistentRead": True,
    }
    aws.stubs["dynamodb"].add_response("get_item", reply, expected)
    assert aws.rows.find("id-1") == row


def test_an_execution_is_named_after_its_request_and_given_no_payload(aws: Stubs) -> None:
    aws.stubs["stepfunctions"].add_response(
        "start_execution",
        {"executionArn": ROW.step_function_execution_arn, "startDate": 0},
        {
            "stateMachineArn": MACHINE,
            "name": "id-1",
            "input": json.dumps({"request_id": "id-1", "s3_key": "requests/id-1.json"}),
        },
    )
    aws.workflow.start(ROW)


def test_the_execution_arn_follows_from_the_id(aws: Stubs) -> None:
    assert aws.workflow.execution_arn("id-1") == ROW.step_function_execution_arn


def test_an_execution_that_exists_counts_as_started(aws: Stubs) -> None:
    aws.stubs["stepfunctions"].add_client_error("start_execution", "ExecutionAlreadyExists")
    aws.workflow.start(ROW)


def test_an_express_arn_has_all_but_the_end_that_aws_gives_it() -> None:
    starter = ExpressStarter(None, MACHINE)
    assert starter.execution_arn("id-1") == f"{MACHINE.replace('stateMachine', 'express')}:id-1"


@pytest.mark.parametrize(
    ("workflow_type", "starter"), [("STANDARD", StepFunctionsStarter), ("EXPRESS", ExpressStarter)]
)
def test_the_type_of_the_workflow_is_a_setting(
    workflow_type: str, starter: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    settings = Settings.parse(VARIABLES | {"WORKFLOW_TYPE": workflow_type})
    assert type(connect(settings)[2]) is starter


CALLS = {
    "put_object": ("s3", lambda aws: aws.payloads.put("k", b"")),
    "put_item": ("dynamodb", lambda aws: aws.rows.insert(ROW)),
    "get_item": ("dynamodb", lambda aws: aws.rows.find("id-1")),
    "start_execution": ("stepfunctions", lambda aws: aws.workflow.start(ROW)),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "InternalError"])
def test_every_refusal_is_unavailability_with_its_cause(
    aws: Stubs, operation: str, code: str
) -> None:
    service, call = CALLS[operation]
    aws.stubs[service].add_client_error(operation, code)
    with pytest.raises(UnavailableError) as raised:
        call(aws)
    assert code in str(raised.value.__cause__)


def test_a_timeout_is_unavailability(aws: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    def time_out(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    monkeypatch.setattr(aws.clients["s3"], "put_object", time_out)
    with pytest.raises(UnavailableError):
        aws.payloads.put("k", b"")


VARIABLES = {
    "ENVIRONMENT": "dev",
    "BUCKET_NAME": "b",
    "TABLE_NAME": "t",
    "STATE_MACHINE_ARN": MACHINE,
    "MAX_BODY_BYTES": "10",
    "CORS_ORIGINS": "https://a https://b",
}


def test_settings_are_typed() -> None:
    settings = Settings.parse(VARIABLES)
    assert settings.max_body_bytes == 10
    assert settings.cors_origins == {"https://a", "https://b"}


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - {"CORS_ORIGINS"}))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.parse(VARIABLES | {name: ""})


def test_an_unknown_type_of_workflow_is_shown() -> None:
    with pytest.raises(SettingsError, match=r"WORKFLOW_TYPE.*'FAST'.*STANDARD, EXPRESS"):
        Settings.parse(VARIABLES | {"WORKFLOW_TYPE": "FAST"})


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_malformed_limit_is_shown(value: str) -> None:
    with pytest.raises(SettingsError, match=f"MAX_BODY_BYTES.*{value}"):
        Settings.parse(VARIABLES | {"MAX_BODY_BYTES": value})
