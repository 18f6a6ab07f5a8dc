"""Which environments are held: nothing is promoted there until somebody lifts that, with a reason.

A stage is held by every rollback of it, whoever started that, and by whoever holds it by hand. It
is looked up, not noted when it happens: a rollback stands in the pipeline's history, which knows it
whether or not anybody was told, and what people decided stands in the decision bucket. What is
lifted is lifted by its name, so that no clock decides, and a rollback that comes later holds anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ops import stages
from ops.decisions import Bucket
from ops.errors import NotRecordedError
from ops.pipeline import Pipeline
from ops.records import Execution
from ops.verdicts import Level, Verdict

_BY_ITSELF = "AutomatedRollback"


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

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat() if self.at else None}

    def __str__(self) -> str:
        when = f" since {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        return f"{self.stage} is held{when} by {self.by or 'the pipeline'}: {self.reason}"


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
        for execution in self._pipeline.executions():
            known = execution.id in lifted or execution.id in put_on
            if execution.rollback and not known and self._is_of(execution, stage):
                found.append(_rolled_back(execution, stage))
        return sorted(found, key=lambda hold: hold.at or datetime.max.replace(tzinfo=UTC))

    def put_on(self, stage: str, *, by: str, reason: str, id_: str = "") -> Hold:
        """Holds a stage, and keeps that. id_: the rollback's that holds it, if one does."""
        now = datetime.now(UTC)
        made = Hold(id_ or f"{now:%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(4)}", stage, by, now, reason)
        self._bucket.put_once(f"holds/{stage}/{made.id}.json", self._document(made.as_json()))
        return made

    def lift(self, holds: list[Hold], *, by: str, reason: str) -> list[str]:
        """Lifts them, and keeps that; where the records are."""
        now = datetime.now(UTC)
        return [self._lift(hold, by, now, reason) for hold in holds]

    def _lift(self, hold: Hold, by: str, now: datetime, reason: str) -> str:
        key = f"lifts/{hold.stage}/{hold.id}.json"
        lifted = {"lifted": hold.as_json(), "by": by, "at": now.isoformat(), "reason": reason}
        self._bucket.put_once(key, self._document(lifted))
        return f"s3://{self._bucket.name}/{key}"

    def _document(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"version": 1, "pipeline": self._pipeline.name, **content}

    def _put_on(self, key: str) -> Hold:
        document = self._bucket.document(key)
        known = {name: document[name] for name in ("id", "stage", "by", "reason")}
        return Hold(**known, at=datetime.fromisoformat(document["at"]))

    def _is_of(self, execution: Execution, stage: str) -> bool:
        stages = {run.stage for run in self._pipeline.action_runs(execution.id)}
        return not stages or stage in stages


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
