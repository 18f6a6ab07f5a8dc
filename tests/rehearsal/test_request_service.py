"""The deployed request service finishes every request, also one that a fault left half-way.

Proved on the emulator with the synthesized stack, functions under their own roles: a call that
succeeds, a start that was lost, a payload that never came, an execution that ended badly; and that
deployed alarms go off for what they are there for, and tell the deployed topic. Not proved: that
the schedule calls the sweeper every minute, that a lifecycle rule expires orphans, and that AWS
runs an EXPRESS machine as it says; the templates are checked for those. Of EXPRESS, the definition
is run, in a STANDARD machine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from embedded_aws.clients import Credentials, Session
from embedded_aws.installation import local_api_url
from embedded_aws.server import Server
from services.common.runtime.problems import UnavailableError
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.models import Row, Submission
from services.requests.runtime.stores import DynamoRequestTable, S3Payloads, StepFunctionsStarter
from services.requests.workflow import definition
from tests.embedded_aws.emulated import DEV, REGION
from tests.embedded_aws.measuring import Mailbox, Watcher
from tests.support import aws

BODY = b'{"order": 1}'
LONG_AGO = timedelta(minutes=20)
PATIENCE = 15.0


class LostStart(StepFunctionsStarter):
    """Step Functions does not answer."""

    def start(self, row: Row) -> None:
        raise UnavailableError(row.request_id)


class LostPayload(S3Payloads):
    """S3 does not answer; the error names the key."""

    def put(self, key: str, _body: bytes) -> None:
        raise UnavailableError(key)


@dataclass(frozen=True)
class Service:
    """The deployed service in dev, and an administrator who looks into its stores."""

    session: Session
    outputs: Mapping[str, str]

    @property
    def table(self) -> str:
        return self.outputs["RequestsTableName"]

    @property
    def bucket(self) -> str:
        return self.outputs["RequestsBucketName"]

    def acceptance(self, payloads: type[S3Payloads] = S3Payloads) -> AcceptanceService:
        """Accepts requests, 20 minutes ago, in the deployed stores; no start gets through."""
        machine = self.outputs["RequestsStateMachineArn"]
        return AcceptanceService(
            payloads(self.session.client("s3"), self.bucket),
            DynamoRequestTable(self.session.client("dynamodb"), self.table),
            LostStart(self.session.client("stepfunctions"), machine),
            on_deferred_start=lambda *_: None,
            now=lambda: datetime.now(UTC) - LONG_AGO,
        )

    def start(self, request_id: str, *, name: str = "", machine: str = "") -> str:
        """Starts an execution as acceptance does; its ARN."""
        started = self.session.client("stepfunctions").start_execution(
            stateMachineArn=machine or self.outputs["RequestsStateMachineArn"],
            name=name or request_id,
            input=json.dumps({"request_id": request_id, "s3_key": f"requests/{request_id}.json"}),
        )
        return str(started["executionArn"])

    def status_of(self, execution: str) -> str:
        """How the execution ended, once it has."""
        states = self.session.client("stepfunctions")
        deadline = time.monotonic() + PATIENCE
        while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return str(status)

    def sweep(self) -> Any:
        """How often each outcome occurred."""
        return aws.invoke(self.session, "tap-dev-sweeper", {})

    def item(self, request_id: str) -> dict[str, str]:
        found = self.session.client("dynamodb").get_item(
            TableName=self.table, Key={"request_id": {"S": request_id}}, ConsistentRead=True
        )["Item"]
        return {name: value["S"] for name, value in found.items()}

    def change(self, request_id: str, **values: str) -> None:
        """Sets attributes of a row."""
        names = list(values)
        self.session.client("dynamodb").update_item(
            TableName=self.table,
            Key={"request_id": {"S": request_id}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in names),
            ExpressionAttributeNames={f"#{name}": name for name in names},
            ExpressionAttributeValues={f":{name}": {"S": values[name]} for name in names},
        )

    def ended(self, request_id: str) -> dict[str, str]:
        """The row, once it has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            item = self.item(request_id)
            if item["status"] in ("completed", "failed"):
                return item
            time.sleep(0.1)
        raise AssertionError(f"{item} did not end")

    def tags(self, key: str) -> dict[str, str]:
        answer = self.session.client("s3").get_object_tagging(Bucket=self.bucket, Key=key)
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def executions(self, request_id: str) -> int:
        machine = self.outputs["RequestsStateMachineArn"]
        listed = self.session.client("stepfunctions").list_executions(stateMachineArn=machine)
        return [each["name"] for each in listed["executions"]].count(request_id)


@pytest.fixture(scope="module")
def service(
    emulator: Server, administrators: Mapping[str, Credentials], outputs: Mapping[str, str]
) -> Service:
    return Service(emulator.session(administrators[DEV]), outputs)


@pytest.fixture(scope="module")
def watcher(service: Service) -> Watcher:
    """Whoever is on call."""
    return Watcher(service.session)


def submission(key: str | None = None) -> Submission:
    return Submission(BODY, principal="AROAONE", call_id="call", idempotency_key=key)


def lost(service: Service, key: str) -> str:
    """The id of a row whose payload never came."""
    with pytest.raises(UnavailableError) as raised:
        service.acceptance(LostPayload).accept(submission(key))
    return str(raised.value.detail).removeprefix("requests/").removesuffix(".json")


def test_a_signed_post_ends_completed_and_its_payload_stays(
    service: Service, emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    url = local_api_url(service.outputs["RequestsApiUrl"], emulator.endpoint)
    answer = aws.call(emulator, urlsplit(url).path, credentials=administrators[DEV], body=BODY)
    assert answer.status == 200, answer.body
    item = service.ended(answer.json()["request_id"])
    assert item["status"] == "completed"
    assert item["step_function_execution_arn"] == answer.json()["execution_arn"]
    assert "pending" not in item
    assert "pending_since" not in item
    assert service.tags(item["s3_key"]).get("acceptance") != "undecided"


def test_a_lost_start_is_made_up_for_once(service: Service) -> None:
    row = service.acceptance().accept(submission()).row
    assert service.tags(row.s3_key) == {"acceptance": "undecided"}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: service.sweep(), range(2)))
    assert service.ended(row.request_id)["status"] == "completed"
    assert service.executions(row.request_id) == 1
    assert service.tags(row.s3_key) != {"acceptance": "undecided"}


def test_a_row_without_a_payload_is_closed_and_then_failed(
    service: Service, watcher: Watcher
) -> None:
    request_id = lost(service, "never-came")
    service.sweep()
    item = service.item(request_id)
    assert item["status"] == "accepted"
    assert item["closed_at"] > item["timestamp"]
    service.change(request_id, pending_since=f"accepted {item['timestamp']}")
    assert service.sweep()["GivenUp"] == 1
    item = service.item(request_id)
    assert (item["status"], item["failure_error"]) == ("failed", "PayloadMissing")
    assert "pending" not in item
    assert service.executions(request_id) == 0
    watcher.becomes("tap-dev-sweeper-gave-up", "ALARM")


def test_an_execution_that_could_not_say_so_is_settled(service: Service, watcher: Watcher) -> None:
    row = service.acceptance().accept(submission()).row
    long_ago = f"processing {row.timestamp}"
    service.change(
        row.request_id, status="processing", claimed_by="another", pending_since=long_ago
    )
    # Meets a row that it may not claim, and fails without touching it.
    assert service.status_of(service.start(row.request_id)) == "FAILED"
    watcher.becomes("tap-dev-statemachine-failed", "ALARM")
    assert service.sweep()["Settled"] == 1
    item = service.item(row.request_id)
    assert (item["status"], item["failure_error"]) == ("failed", "NotOurs")


def test_a_workflow_without_a_payload_fails_the_row(service: Service) -> None:
    request_id = lost(service, "started-nevertheless")
    service.start(request_id)
    item = service.ended(request_id)
    assert item["status"] == "failed"
    assert item["failure_error"] == "S3.NoSuchKeyException"
    assert "pending" not in item


def test_of_many_runs_of_an_express_workflow_one_works(service: Service) -> None:
    """Its definition, in a machine of the type that the emulator knows how to run."""
    text = json.dumps(definition("EXPRESS"))
    for name, value in {"TableName": service.table, "BucketName": service.bucket}.items():
        text = text.replace(f"${{{name}}}", value)
    states = service.session.client("stepfunctions")
    deployed = states.describe_state_machine(
        stateMachineArn=service.outputs["RequestsStateMachineArn"]
    )
    machine = states.create_state_machine(
        name="express", definition=text, roleArn=deployed["roleArn"]
    )["stateMachineArn"]
    row = service.acceptance().accept(submission()).row
    runs = [
        service.start(row.request_id, name=f"{row.request_id}-{number}", machine=machine)
        for number in range(4)
    ]
    ends = sorted(service.status_of(run) for run in runs)
    assert ends == ["FAILED", "FAILED", "FAILED", "SUCCEEDED"]
    item = service.item(row.request_id)
    assert item["status"] == "completed"
    assert item["step_function_execution_arn"] in runs
    assert item["claimed_by"] != item["step_function_execution_arn"]


def test_a_function_that_raises_sets_its_alarm_off_and_the_topic_is_told(
    service: Service, watcher: Watcher
) -> None:
    alarm = "tap-dev-processor-errors"
    on_call = Mailbox(service.session, "on-call")
    service.session.client("sns").subscribe(
        TopicArn=f"arn:aws:sns:{REGION}:{DEV}:tap-dev-alarms", Protocol="sqs", Endpoint=on_call.arn
    )
    said = aws.invoke(service.session, "tap-dev-processor", {"no": "request of an API"})
    assert "errorMessage" in said
    watcher.becomes(alarm, "ALARM")
    while (notice := json.loads(on_call.next()["Message"]))["AlarmName"] != alarm:
        pass  # other alarms change, too, when a minute ends
    assert notice["NewStateValue"] == "ALARM"
    assert "docs/runbooks/requests-service.md#processor-errors" in notice["AlarmDescription"]
