"""Wrong request services: each mistake is one that somebody could make."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from services.requests.runtime.backlog import StandardWorkflow
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.models import Acceptance, Row, Submission
from services.requests.runtime.settings import EXPRESS
from services.requests.runtime.stores import DynamoRequestTable, S3Payloads
from services.requests.runtime.sweeper import Look, Outcome, Sweeper
from services.requests.workflow import definition
from tests.support.cloud.account import Cloud, Worker
from tests.support.request_service import Build, Stores


class StartsBeforeTheRow(AcceptanceService):
    def accept(self, submission: Submission) -> Acceptance:
        self._start(self._draft(submission))
        return super().accept(submission)


class IgnoresTheBodyOfARepetition(AcceptanceService):
    def _accept_once(self, draft: Row, body: bytes) -> Acceptance:
        stored = self.rows.insert(draft) or draft
        return super()._accept_once(replace(draft, body_sha256=stored.body_sha256), body)


class DrawsANewIdForEveryCall(AcceptanceService):
    def _request_id(self, _submission: Submission) -> uuid.UUID:
        return self.new_id()


class AnswersUnfinishedRepetitions(AcceptanceService):
    def _accept_once(self, draft: Row, body: bytes) -> Acceptance:
        row = self.rows.insert(draft)
        if row is not None and row.body_sha256 == draft.body_sha256:
            return Acceptance(row, replayed=True)
        return super()._accept_once(draft, body)


class OverwritesRows(DynamoRequestTable):
    def insert(self, row: Row) -> Row | None:
        first = super().insert(row)
        if first is not None and first.body_sha256 == row.body_sha256:
            item = self.client.get_item(
                TableName=self.table, Key={"request_id": {"S": row.request_id}}, ConsistentRead=True
            )["Item"]
            item |= {"status": {"S": "accepted"}}
            self.client.put_item(TableName=self.table, Item=item)
        return first


class OverwritesPayloads(S3Payloads):
    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=body, Tagging="acceptance=undecided"
        )


_names = count()


class NamesExecutionsAtRandom(StandardWorkflow):
    def start(self, row: Row) -> None:
        super().start(replace(row, request_id=f"{row.request_id}-{next(_names)}"))


class SweepsNothing(Sweeper):
    def _look(self, row: Row) -> Look:
        return Look(row, Outcome.LEFT)


class TakesEveryPayloadForStored(S3Payloads):
    def adopt(self, key: str) -> bool:
        super().adopt(key)
        return True


def _claims_unconditionally(workflow_type: str) -> dict[str, Any]:
    document = definition(workflow_type)
    arguments = document["States"]["Claim"]["Arguments"]
    arguments["ConditionExpression"] = "attribute_exists(request_id) OR #status = :accepted"
    return document


def _gives_up_completing(workflow_type: str) -> dict[str, Any]:
    document = definition(workflow_type)
    work, complete = document["States"]["Work"], document["States"]["Complete"]
    complete |= {"Retry": [], "Catch": work["Catch"]}
    return document


def _with_stores(**replacements: Callable[[Any], Any]) -> Build:
    """A build whose named stores are made anew from the right ones."""

    @dataclass
    class Wrong(Stores):
        def __init__(self, cloud: Cloud, worker: Worker) -> None:
            super().__init__(cloud, worker)
            for name, make in replacements.items():
                setattr(self, name, make(getattr(self, name)))

    return Build(stores=Wrong)


MISTAKES = {
    "starts before the row": (Build(acceptance=StartsBeforeTheRow), "orphans"),
    "ignores the body of a repetition": (Build(acceptance=IgnoresTheBodyOfARepetition), "lost"),
    "draws a new id for every call": (Build(acceptance=DrawsANewIdForEveryCall), "duplicates"),
    "answers repetitions unfinished": (
        Build(acceptance=AnswersUnfinishedRepetitions),
        "lost",
    ),
    "overwrites rows": (
        _with_stores(rows=lambda right: OverwritesRows(right.client, right.table)),
        "orphans",
    ),
    "overwrites payloads": (
        _with_stores(payloads=lambda right: OverwritesPayloads(right.client, right.bucket)),
        "lost",
    ),
    "names executions at random": (
        _with_stores(
            workflow=lambda right: NamesExecutionsAtRandom(right.client, right.state_machine_arn)
        ),
        "orphans",
    ),
    "sweeps nothing": (Build(sweeper=SweepsNothing), "orphans"),
    "sweeper starts without the payload": (
        _with_stores(payloads=lambda right: TakesEveryPayloadForStored(right.client, right.bucket)),
        "lost",
    ),
    "says failed of what was done": (Build(definition=_gives_up_completing), "wrong"),
    "claims unconditionally": (
        Build(definition=_claims_unconditionally, workflow_type=EXPRESS),
        "duplicates",
    ),
}
