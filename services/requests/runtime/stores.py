"""The ports of acceptance, on AWS.

One session serves all clients: three of them parse the same models three times. Whatever AWS or the
way there answers instead of a result becomes `UnavailableError` here, the only place that knows
botocore's errors; the original stays its cause, for the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.common.runtime.problems import UnavailableError
from services.requests.runtime.models import Row, Status
from services.requests.runtime.settings import Settings

# Three calls in a row, two tries of at most 4 seconds each, stay below the function's 28 seconds.
CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)


@contextmanager
def _faults_as_unavailable() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError from error


@dataclass(frozen=True)
class S3Payloads:
    client: Any
    bucket: str

    def put(self, key: str, body: bytes) -> None:
        with _faults_as_unavailable():
            self.client.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType="application/json"
            )


@dataclass(frozen=True)
class DynamoLedger:
    client: Any
    table: str

    def insert(self, row: Row) -> Row | None:
        with _faults_as_unavailable():
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=_to_item(row),
                    ConditionExpression="attribute_not_exists(request_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as error:
                return _from_item(error.response["Item"])
        return None

    def find(self, request_id: str) -> Row | None:
        with _faults_as_unavailable():
            reply = self.client.get_item(
                TableName=self.table, Key={"request_id": {"S": request_id}}, ConsistentRead=True
            )
        return _from_item(reply["Item"]) if "Item" in reply else None


@dataclass(frozen=True)
class StepFunctionsStarter:
    client: Any
    state_machine_arn: str

    def execution_arn(self, request_id: str) -> str:
        machine = self.state_machine_arn.replace(":stateMachine:", ":execution:", 1)
        return f"{machine}:{request_id}"

    def start(self, row: Row) -> None:
        with _faults_as_unavailable():
            try:
                self.client.start_execution(
                    stateMachineArn=self.state_machine_arn,
                    name=row.request_id,
                    input=json.dumps({"request_id": row.request_id, "s3_key": row.s3_key}),
                )
            except self.client.exceptions.ExecutionAlreadyExists:
                # Ran and ended before, or runs with another input: started, in any case.
                return


def connect(settings: Settings) -> tuple[S3Payloads, DynamoLedger, StepFunctionsStarter]:
    """The three stores; no call is made yet."""
    session = Session()

    def client(service: str) -> Any:
        return session.client(service, config=CLIENT_CONFIG)

    return (
        S3Payloads(client("s3"), settings.bucket),
        DynamoLedger(client("dynamodb"), settings.table),
        StepFunctionsStarter(client("stepfunctions"), settings.state_machine_arn),
    )


def _to_item(row: Row) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in asdict(row).items() if value is not None}


def _from_item(item: dict[str, dict[str, str]]) -> Row:
    # The workflow may come to write attributes that this version does not know.
    known = {name: value["S"] for name, value in item.items() if name in Row.__dataclass_fields__}
    return Row(status=Status(known.pop("status")), **known)
