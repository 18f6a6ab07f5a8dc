"""The decision record: who let a release through or did not, when and why, for good.

A decision is read from the pipeline's own history, so it says who answered as AWS saw it, however
they did: by this command, the console or the AWS CLI. CodePipeline keeps that history for twelve
months; a record is an object in the pipeline's decision bucket, written once, and stays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from botocore.exceptions import ClientError

from ops.errors import NotRecordedError
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution, PendingApproval
from ops.verdicts import Level, Verdict

_MISSING = ("NoSuchBucket", "404")
_LONGEST = 63
"""Characters of a bucket's name ("Bucket naming rules", S3 user guide): a pipeline whose name
makes a longer one has no decision bucket."""
# What S3 answers to If-None-Match: * when the object is there, or is being written ("Conditional
# requests", Amazon S3 User Guide).
_KEPT_BEFORE = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 30.0


class Answer(StrEnum):
    """How an approval ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Decision:
    """One answered approval. asked, at: aware times. by: an ARN, "" when time was up."""

    pipeline: str
    execution_id: str
    action_execution_id: str
    action: str
    answer: Answer
    by: str
    asked: datetime
    at: datetime
    reason: str
    commit: str | None
    message: str

    @property
    def key(self) -> str:
        """Of its object: always the same for the same decision."""
        return f"decisions/{self.at:%Y-%m/%Y-%m-%dT%H%M%SZ}-{self.action_execution_id}.json"

    def as_json(self) -> dict[str, Any]:
        times = {"asked": self.asked.isoformat(), "at": self.at.isoformat()}
        return {"version": 1, **asdict(self), **times}

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """From `as_json`; a field that this version does not know is left out."""
        known = {name: document[name] for name in cls.__dataclass_fields__}
        times = {name: datetime.fromisoformat(document[name]) for name in ("asked", "at")}
        return cls(**{**known, **times, "answer": Answer(document["answer"])})


def made(pipeline: Pipeline) -> list[Decision]:
    """Every decision that the pipeline's history still knows, oldest first."""
    executions = {execution.id: execution for execution in pipeline.executions()}
    return [
        _decision(pipeline.name, run, executions.get(run.execution_id))
        for run in pipeline.history()
        if run.is_approval and run.status in ("Succeeded", "Failed")
    ]


def of(pipeline: Pipeline, answered: PendingApproval) -> Decision:
    """The decision that came of an approval just now. CodePipeline takes a moment to know it.

    Raises `NotRecordedError` when it takes longer.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for run in pipeline.action_runs(answered.execution_id):
            if run.id == answered.action_execution_id and run.ended:
                mine = [e for e in pipeline.executions() if e.id == answered.execution_id]
                return _decision(pipeline.name, run, mine[0] if mine else None)
        time.sleep(_POLL_SECONDS)
    raise NotRecordedError(f"the history of {pipeline.name} does not have it yet")


def _decision(pipeline: str, run: ActionRun, execution: Execution | None) -> Decision:
    answer = _answer(run)
    return Decision(
        pipeline=pipeline,
        execution_id=run.execution_id,
        action_execution_id=run.id,
        action=run.label,
        answer=answer,
        by=run.updated_by,
        asked=run.started.astimezone(UTC),
        at=run.updated.astimezone(UTC),
        # While it waits, and when nobody answered, the summary is the question.
        reason="" if answer is Answer.TIMED_OUT else run.summary,
        commit=execution.commit if execution else None,
        message=execution.message if execution else "",
    )


def _answer(run: ActionRun) -> Answer:
    """A rejection has somebody who made it."""
    if run.status == "Succeeded":
        return Answer.APPROVED
    return Answer.REJECTED if run.updated_by else Answer.TIMED_OUT


class Bucket:
    """The decision bucket of a pipeline: `<pipeline>-decisions-<account>-<Region>`.

    Beside the decisions it keeps, of each execution, the promotion page they were made from. A
    bucket of that name in another account is not it: a stranger may have been faster.
    """

    def __init__(self, pipeline: str, client: Callable[[str], Any]) -> None:
        self._s3 = client("s3")
        account = client("sts").get_caller_identity()["Account"]
        region = self._s3.meta.region_name
        self.name = f"{pipeline.lower()}-decisions-{account}-{region}"
        self._bucket = {"Bucket": self.name, "ExpectedBucketOwner": account}

    def exists(self) -> bool:
        """Raises `NotRecordedError` when it is there, but not for these credentials."""
        if len(self.name) > _LONGEST:
            return False
        try:
            self._s3.head_bucket(**self._bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise self._refused(error) from None
        return True

    def keep(self, decision: Decision, verdicts: list[Verdict] | None = None) -> bool:
        """Writes it unless it is there; whether it was not. verdicts: what the person saw, if it
        is known. Raises `NotRecordedError`."""
        document = decision.as_json()
        if verdicts is not None:
            document["verdicts"] = [asdict(verdict) for verdict in verdicts]
        return self.put_once(decision.key, document)

    def put_once(self, key: str, document: dict[str, Any]) -> bool:
        """Writes an object of JSON unless it is there; whether it was not.

        Raises `NotRecordedError`.
        """
        try:
            self._s3.put_object(
                **self._bucket,
                Key=key,
                Body=json.dumps(document, indent=2).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _KEPT_BEFORE:
                return False
            raise self._refused(error) from None
        return True

    def kept(self) -> list[Decision]:
        """Every decision on an approval, oldest first. Raises `NotRecordedError`."""
        made = (Decision.parse(self.document(key)) for key in self.keys("decisions/"))
        return sorted(made, key=lambda decision: decision.at)

    def keys(self, prefix: str) -> list[str]:
        """Of the objects whose keys begin so. Raises `NotRecordedError`."""
        pages = self._s3.get_paginator("list_objects_v2")
        try:
            return [
                str(row["Key"])
                for page in pages.paginate(**self._bucket, Prefix=prefix)
                for row in page.get("Contents", [])
            ]
        except ClientError as error:
            raise self._refused(error) from None

    def document(self, key: str) -> dict[str, Any]:
        """An object of JSON. Raises `NotRecordedError`."""
        try:
            return dict(json.loads(self._read(key)))
        except ClientError as error:
            raise self._refused(error) from None

    def _read(self, key: str) -> bytes:
        return bytes(self._s3.get_object(**self._bucket, Key=key)["Body"].read())

    def keep_promotion(self, execution_id: str, page: str, twin: str) -> str:
        """Keeps an execution's promotion page and its JSON twin; where a person opens the page,
        signed in to the account. Raises `NotRecordedError`."""
        try:
            self._put_promotion(execution_id, page, twin)
        except ClientError as error:
            raise self._refused(error) from None
        region = self._s3.meta.region_name
        place = f"{self.name}?region={region}&prefix=promotions/{execution_id}.html"
        return f"https://{region}.console.aws.amazon.com/s3/object/{place}"

    def _put_promotion(self, execution_id: str, page: str, twin: str) -> None:
        for suffix, text, kind in (("json", twin, "application/json"), ("html", page, "text/html")):
            self._s3.put_object(
                **self._bucket,
                Key=f"promotions/{execution_id}.{suffix}",
                Body=text.encode(),
                ContentType=f"{kind}; charset=utf-8",
            )

    def promotion(self, execution_id: str) -> dict[str, Any] | None:
        """The JSON twin of an execution's promotion page; None when it has none."""
        if len(self.name) > _LONGEST:
            return None
        try:
            document = json.loads(self._read(f"promotions/{execution_id}.json"))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", *_MISSING):
                return None
            raise self._refused(error) from None
        return dict(document)

    def verdicts(self, execution_id: str) -> list[Verdict]:
        """Those of an execution's promotion page; [] when it has none."""
        document = self.promotion(execution_id) or {"verdicts": []}
        return [
            Verdict(Level(each["level"]), each["about"], each["text"])
            for each in document["verdicts"]
        ]

    def _refused(self, error: ClientError) -> NotRecordedError:
        what, why = error.operation_name, error.response["Error"]
        return NotRecordedError(
            f"the decision bucket {self.name} refused {what}: {why.get('Message') or why['Code']}; "
            "it takes s3:ListBucket, GetObject and PutObject there, in its own account"
        )
