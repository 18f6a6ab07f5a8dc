"""The ports of acceptance, on AWS; `backlog` has what only the sweeper needs.

Whatever AWS or the way there answers instead of a result becomes `UnavailableError` here.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from services.common.runtime.aws import client_factory, faults_as_unavailable
from services.requests.runtime.models import (
    ACCEPTANCE_TAG,
    ACCEPTED_TAG,
    UNDECIDED_TAG,
    Row,
    Status,
)
from services.requests.runtime.settings import EXPRESS, StoreSettings

MODELS = Path(__file__).with_name("aws_models")

# Three calls in a row, two tries of at most 4 seconds each, stay below the function's 28 seconds.
CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    request_checksum_calculation="when_required",
)

_PRECONDITION_FAILED = "PreconditionFailed"
_NO_SUCH_KEY = "NoSuchKey"


@contextmanager
def _unless(code: str) -> Iterator[None]:
    """Passes over the one refusal that is an answer. botocore models none of S3's as a class."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise


@dataclass(frozen=True)
class S3Payloads:
    client: Any
    bucket: str

    def put(self, key: str, body: bytes) -> None:
        with faults_as_unavailable(), _unless(_PRECONDITION_FAILED):
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                # S3 refuses a body that arrived changed. Left to itself, botocore adds a weaker sum
                # behind the body, for which it must ask S3 before it may send anything.
                ChecksumSHA256=b64encode(sha256(body).digest()).decode(),
                # Overwriting an adopted payload would mark it as an orphan again.
                IfNoneMatch="*",
                Tagging=f"{ACCEPTANCE_TAG}={UNDECIDED_TAG}",
            )

    def adopt(self, key: str) -> bool:
        with faults_as_unavailable(), _unless(_NO_SUCH_KEY):
            self.client.put_object_tagging(
                Bucket=self.bucket,
                Key=key,
                Tagging={"TagSet": [{"Key": ACCEPTANCE_TAG, "Value": ACCEPTED_TAG}]},
            )
            return True
        return False


@dataclass(frozen=True)
class DynamoRequestTable:
    client: Any
    table: str

    def insert(self, row: Row) -> Row | None:
        with faults_as_unavailable():
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=to_item(row),
                    ConditionExpression="attribute_not_exists(request_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as error:
                return from_item(error.response["Item"])
        return None

    def find(self, request_id: str) -> Row | None:
        with faults_as_unavailable():
            reply = self.client.get_item(
                TableName=self.table, Key={"request_id": {"S": request_id}}, ConsistentRead=True
            )
        return from_item(reply["Item"]) if "Item" in reply else None


@dataclass(frozen=True)
class StepFunctionsStarter:
    client: Any
    state_machine_arn: str

    def execution_arn(self, request_id: str) -> str:
        machine = self.state_machine_arn.replace(":stateMachine:", ":execution:", 1)
        return f"{machine}:{request_id}"

    def start(self, row: Row) -> None:
        with faults_as_unavailable():
            try:
                self.client.start_execution(
                    stateMachineArn=self.state_machine_arn,
                    name=row.request_id,
                    input=json.dumps({"request_id": row.request_id, "s3_key": row.s3_key}),
                )
            except self.client.exceptions.ExecutionAlreadyExists:
                # Ran and ended before, or runs with another input: started, in any case.
                return


@dataclass(frozen=True)
class ExpressStarter(StepFunctionsStarter):
    """Here a name may start many executions; the claim lets one of them work.

    AWS ends each ARN with an id of its own, so the derived one is the others' common beginning
    until the claim writes the whole ("StartExecution", AWS Step Functions API Reference).
    """

    def execution_arn(self, request_id: str) -> str:
        return super().execution_arn(request_id).replace(":execution:", ":express:", 1)


def clients() -> Callable[[str], Any]:
    """Makes this service's clients by AWS service name; no call is made yet."""
    return client_factory(MODELS, CLIENT_CONFIG)


def connect(settings: StoreSettings) -> tuple[S3Payloads, DynamoRequestTable, StepFunctionsStarter]:
    """The three stores; no call is made yet."""
    client = clients()
    starter = ExpressStarter if settings.workflow_type == EXPRESS else StepFunctionsStarter
    return (
        S3Payloads(client("s3"), settings.bucket),
        DynamoRequestTable(client("dynamodb"), settings.table),
        starter(client("stepfunctions"), settings.state_machine_arn),
    )


def to_item(row: Row) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in asdict(row).items() if value is not None}


def from_item(item: dict[str, dict[str, str]]) -> Row:
    # The workflow may come to write attributes that this version does not know.
    known = {name: value["S"] for name, value in item.items() if name in Row.__dataclass_fields__}
    return Row(status=Status(known.pop("status")), **known)
