"""The sweeper's ports, on AWS: the pending rows, and how executions ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.common.runtime.aws import faults_as_unavailable
from services.requests.runtime.models import CAUSE_LIMIT, PENDING_INDEX, Ending, Row, Status
from services.requests.runtime.settings import EXPRESS, StoreSettings
from services.requests.runtime.stores import (
    ExpressStarter,
    S3Payloads,
    StepFunctionsStarter,
    clients,
    from_item,
)

# "DescribeExecution", AWS Step Functions API Reference.
_ENDED_BADLY = {"FAILED", "TIMED_OUT", "ABORTED"}


@dataclass(frozen=True)
class DynamoBacklog:
    client: Any
    table: str

    def pending(self, shard: str, status: Status, until: datetime, limit: int) -> list[Row]:
        with faults_as_unavailable():
            reply = self.client.query(
                TableName=self.table,
                IndexName=PENDING_INDEX,
                KeyConditionExpression="pending = :shard AND pending_since BETWEEN :from AND :to",
                ExpressionAttributeValues=_strings(
                    shard=shard, **{"from": f"{status} "}, to=_since(status, until)
                ),
                Limit=limit,
            )
        return [from_item(item) for item in reply["Items"]]

    def postpone(self, row: Row, since: datetime) -> None:
        self._update(
            row,
            "SET pending_since = :since",
            "#status = :status",
            since=_since(row.status, since),
        )

    def close(self, row: Row, at: datetime) -> None:
        self._update(
            row,
            "SET closed_at = :at, pending_since = :since",
            "#status = :status AND attribute_not_exists(closed_at)",
            at=_iso(at),
            since=_since(row.status, at),
        )

    def fail(self, row: Row, ending: Ending, at: datetime) -> bool:
        unchanged = "attribute_not_exists(closed_at)"
        closed = {}
        if row.closed_at is not None:
            unchanged, closed = "closed_at = :closed", {"closed": row.closed_at}
        return self._update(
            row,
            "SET #status = :failed, updated_at = :at, failure_error = :error,"
            " failure_cause = :cause REMOVE pending, pending_since",
            f"#status = :status AND {unchanged}",
            failed=Status.FAILED,
            at=_iso(at),
            error=ending.error,
            cause=ending.cause[:CAUSE_LIMIT],
            **closed,
        )

    def _update(self, row: Row, update: str, condition: str, **values: str) -> bool:
        """False: the condition did not hold, or held for an earlier try whose reply was lost."""
        with faults_as_unavailable():
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key={"request_id": {"S": row.request_id}},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues=_strings(status=row.status, **values),
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True


@dataclass(frozen=True)
class StandardWorkflow(StepFunctionsStarter):
    """Executions that AWS keeps a record of, for 90 days."""

    def ending(self, row: Row) -> Ending | None:
        with faults_as_unavailable():
            try:
                known = self.client.describe_execution(
                    executionArn=self.execution_arn(row.request_id)
                )
            except self.client.exceptions.ExecutionDoesNotExist:
                if row.status is Status.ACCEPTED:
                    # Records show late, and this one may have been started a moment ago.
                    return None
                return Ending("ExecutionUnknown", "AWS has no record of the execution any more")
        if known["status"] not in _ENDED_BADLY:
            return None
        return Ending(known.get("error", known["status"]), known.get("cause", ""))


@dataclass(frozen=True)
class ExpressWorkflow(ExpressStarter):
    """Executions without a record: time tells that they are over."""

    def ending(self, row: Row) -> Ending | None:
        if row.status is not Status.PROCESSING:
            return None
        # The sweeper sees processing rows later than an execution may live.
        return Ending("ExecutionLost", "The execution ended within five minutes, without a result")


def connect_sweeper(
    settings: StoreSettings,
) -> tuple[S3Payloads, DynamoBacklog, StandardWorkflow | ExpressWorkflow]:
    """The sweeper's three stores; no call is made yet."""
    client = clients()
    workflow = ExpressWorkflow if settings.workflow_type == EXPRESS else StandardWorkflow
    return (
        S3Payloads(client("s3"), settings.bucket),
        DynamoBacklog(client("dynamodb"), settings.table),
        workflow(client("stepfunctions"), settings.state_machine_arn),
    )


def _since(status: Status, moment: datetime) -> str:
    return f"{status} {_iso(moment)}"


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _strings(**values: str) -> dict[str, dict[str, str]]:
    return {f":{name}": {"S": str(value)} for name, value in values.items()}
