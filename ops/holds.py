"""Which environments are held: nothing is promoted there until somebody lifts that, with a reason.

A stage is held by every rollback of it, whoever started that, and by whoever holds it by hand. It
is looked up, not noted when it happens: a rollback stands in the pipeline's history, which knows it
whether or not anybody was told, and what people decided stands in the decision bucket. What is
lifted is lifted by its name, so that no clock decides, and a rollback that comes later holds anew.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from ops import stages
from ops.decisions import Bucket
from ops.errors import NotRecordedError
from ops.pipeline import Pipeline
from ops.records import Execution
from ops.verdicts import Level, Verdict

_BY_ITSELF = "AutomatedRollback"
# "PipelineExecution", AWS CodePipeline API Reference.
_EXECUTION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Cause(StrEnum):
    """What a stage is held for."""

    ROLLBACK = "rollback"
    """It was rolled back, by a person or by the pipeline itself."""

    WISH = "wish"
    """Somebody wants nothing to come there for a while."""


@dataclass(frozen=True)
class Hold:
    """What holds a stage. id: of the rollback's execution, or of the hold that somebody put on.

    by: an ARN, or "" when the pipeline rolled back by itself. at: an aware time.
    """

    id: str
    stage: str
    by: str
    at: datetime | None
    reason: str

    @property
    def cause(self) -> Cause:
        """A rollback's hold has the id of its execution; what people put on has one of ours."""
        return Cause.ROLLBACK if _EXECUTION_ID.fullmatch(self.id) else Cause.WISH

    @property
    def who(self) -> str:
        """Who holds it, and whether by a rollback."""
        by = self.by or "the pipeline"
        return f"{by} (rollback)" if self.cause is Cause.ROLLBACK else by

    def as_json(self) -> dict[str, Any]:
        at = self.at.isoformat() if self.at else None
        return {**asdict(self), "at": at, "cause": self.cause}

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """From `as_json`."""
        known = {name: document[name] for name in ("id", "stage", "by", "reason")}
        return cls(**known, at=datetime.fromisoformat(document["at"]) if document["at"] else None)

    def __str__(self) -> str:
        when = f" since {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        return f"{self.stage} is held{when} by {self.who}: {self.reason}"


@dataclass(frozen=True)
class Lift:
    """That somebody ended a hold. by: an ARN. at: an aware time."""

    hold: Hold
    by: str
    at: datetime
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {
            "stage": self.hold.stage,
            "by": self.by,
            "at": self.at.isoformat(),
            "reason": self.reason,
            "lifted": self.hold.as_json(),
        }

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """From what the decision bucket has."""
        at = datetime.fromisoformat(document["at"])
        return cls(Hold.parse(document["lifted"]), document["by"], at, document["reason"])


class Holds:
    """What holds the stages of one pipeline. bucket: its decision bucket."""

    def __init__(self, pipeline: Pipeline, bucket: Bucket) -> None:
        self._pipeline = pipeline
        self._bucket = bucket

    def of(self, stage: str) -> list[Hold]:
        """What holds the stage now, oldest first. Raises `NotRecordedError` when nobody can tell.

        A rollback of which nothing has run yet may be of any stage, so it holds this one, too.
        """
        lifted = {_last_part(key) for key in self._bucket.keys(f"lifts/{stage}/")}
        put_on = {_last_part(key): key for key in self._bucket.keys(f"holds/{stage}/")}
        found = [self._put_on(key) for id_, key in put_on.items() if id_ not in lifted]
        for execution in self._rollbacks(lifted | put_on.keys()):
            if not (ran := self._ran_in(execution)) or stage in ran:
                found.append(_rolled_back(execution, stage))
        return sorted(found, key=lambda hold: hold.at or datetime.max.replace(tzinfo=UTC))

    def kept(self) -> tuple[list[Hold], list[Lift]]:
        """What the bucket has of every stage: holds, lifted ones too, and lifts.

        Raises `NotRecordedError`.
        """
        lifts = [Lift.parse(self._bucket.document(key)) for key in self._bucket.keys("lifts/")]
        put_on = [self._put_on(key) for key in self._bucket.keys("holds/")]
        holds = {(each.stage, each.id): each for each in (*(lift.hold for lift in lifts), *put_on)}
        return list(holds.values()), lifts

    def rolled_back(self, known: Set[str]) -> list[Hold]:
        """By rollbacks of the history that ran somewhere. known: ids of those to leave out."""
        return [
            _rolled_back(execution, stage)
            for execution in self._rollbacks(known)
            for stage in self._ran_in(execution)
        ]

    def put_on(self, stage: str, *, by: str, reason: str, id_: str = "") -> Hold:
        """Holds a stage, and keeps that. id_: the rollback's that holds it, if one does."""
        now = datetime.now(UTC)
        made = Hold(id_ or f"{now:%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(4)}", stage, by, now, reason)
        self._bucket.put_once(f"holds/{stage}/{made.id}.json", self._document(made.as_json()))
        return made

    def lift(self, holds: list[Hold], *, by: str, reason: str) -> list[str]:
        """Lifts them, and keeps that; where the records are."""
        now = datetime.now(UTC)
        return [self._lift(Lift(hold, by, now, reason)) for hold in holds]

    def _lift(self, lift: Lift) -> str:
        key = f"lifts/{lift.hold.stage}/{lift.hold.id}.json"
        self._bucket.put_once(key, self._document(lift.as_json()))
        return f"s3://{self._bucket.name}/{key}"

    def _document(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"version": 1, "pipeline": self._pipeline.name, **content}

    def _put_on(self, key: str) -> Hold:
        return Hold.parse(self._bucket.document(key))

    def _rollbacks(self, known: Set[str]) -> list[Execution]:
        executions = self._pipeline.executions()
        return [each for each in executions if each.rollback and each.id not in known]

    def _ran_in(self, execution: Execution) -> set[str]:
        return {run.stage for run in self._pipeline.action_runs(execution.id)}


def against(pipeline: Pipeline, bucket: Bucket, approval: str) -> list[Verdict]:
    """What speaks against letting something on now, from the stage that asks: held stages refuse
    what an approval lets through. Raises `NotRecordedError`."""
    holds = Holds(pipeline, bucket)
    return [
        Verdict(Level.RED, "held", f"{hold}; what is approved stays out until that is lifted")
        for stage in stages.let_into(pipeline, approval)
        if stage.asks
        for hold in holds.of(stage.name)
    ]


def holds_of(pipeline: Pipeline, client: Callable[[str], Any]) -> Holds:
    """Raises `NotRecordedError` for a pipeline without a decision bucket."""
    bucket = Bucket(pipeline.name, client)
    if not bucket.exists():
        raise NotRecordedError(
            f"there is no bucket {bucket.name}: {pipeline.name} keeps no record of what is held"
        )
    return Holds(pipeline, bucket)


def _rolled_back(execution: Execution, stage: str) -> Hold:
    by_itself = execution.trigger == _BY_ITSELF
    reason = f"rolled back to {execution.target} by {execution.id}, {execution.status}"
    return Hold(
        execution.id, stage, "" if by_itself else execution.detail, _aware(execution), reason
    )


def _aware(execution: Execution) -> datetime | None:
    return execution.started.astimezone(UTC) if execution.started else None


def _last_part(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".json")
