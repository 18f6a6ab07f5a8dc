"""What one execution did and does: its stages, the runs of its actions, the checks of conditions.

Whoever reads or writes a record holds the state's lock.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from embedded_aws.codepipeline.model import Action, Kind, Stage, Structure

ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"})


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An identifier as CodePipeline makes them."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Artifact:
    """A zip in the artifact bucket of a region."""

    name: str
    region: str
    bucket: str
    key: str


@dataclass(frozen=True)
class Revision:
    """What a source action fetched."""

    action: str
    artifact: str
    id: str
    summary: str
    url: str | None
    created: datetime


@dataclass
class ActionRun:
    """One attempt at one action. It is over when `status` is no longer InProgress."""

    stage: str
    action: Action
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    summary: str = ""
    token: str | None = None
    updated_by: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    entity_url: str | None = None
    log_stream_arn: str | None = None
    error: tuple[str, str] | None = None
    configuration: dict[str, str] = field(default_factory=dict)
    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    revision: Revision | None = None

    def end(self, status: str, error: tuple[str, str] | None = None) -> None:
        """Ends the run; it never changes afterwards."""
        self.status, self.error, self.updated = status, error, now()


@dataclass
class ConditionRun:
    """One check of a stage's condition: `runs` are its rules' runs."""

    stage: str
    kind: Kind
    runs: list[ActionRun]
    status: str = "InProgress"
    summary: str = ""
    updated: datetime = field(default_factory=now)

    def end(self, status: str, summary: str = "") -> None:
        """Ends the check; rules that still run are abandoned."""
        self.status, self.summary, self.updated = status, summary, now()
        for run in self.runs:
            if run.status == "InProgress":
                run.end("Abandoned")


@dataclass
class StageRun:
    """One execution's pass through one stage, retries included. `retry` is the last one's kind."""

    stage: Stage
    status: str = "InProgress"
    retries: int = 0
    automatic_retries: int = 0
    retry: str | None = None


@dataclass
class Execution:
    """One run of the pipeline. `number` orders executions: a larger one is newer."""

    number: int
    structure: Structure
    version: int
    trigger_type: str
    trigger_detail: str
    variables: dict[str, str]
    source_revisions: dict[str, tuple[str, str | None]]
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    summary: str = ""
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    stop_reason: str | None = None
    abandoned: bool = False
    outdated: bool = False
    target: Execution | None = None
    stages: dict[str, StageRun] = field(default_factory=dict)
    runs: list[ActionRun] = field(default_factory=list)
    conditions: list[ConditionRun] = field(default_factory=list)

    @property
    def type(self) -> str:
        """ROLLBACK for one that brings a stage back to what its `target` left there."""
        return "ROLLBACK" if self.target else "STANDARD"

    @property
    def ended(self) -> bool:
        """Whether nothing of it will run any more, unless a stage is retried."""
        return self.status in ENDED

    def end(self, status: str, summary: str = "") -> None:
        """Ends the execution."""
        self.status, self.summary, self.updated = status, summary, now()

    def revisions(self) -> list[Revision]:
        """What the source actions fetched, the last attempt of each."""
        found = {run.action.name: run.revision for run in self._sources() if run.revision}
        return list(found.values())

    def artifact(self, name: str) -> Artifact | None:
        """The newest artifact of this name that this execution made, or has from its target."""
        made = [a for run in self._sources() if run.status == "Succeeded" for a in run.outputs]
        return next((a for a in reversed(made) if a.name == name), None)

    def namespaces(self) -> dict[str, dict[str, str]]:
        """The variables that an action which starts now can refer to."""
        spaces = {"codepipeline": {"PipelineExecutionId": self.id}, "variables": self.variables}
        for run in self._sources():
            if run.action.namespace and run.status == "Succeeded":
                spaces[run.action.namespace] = run.variables
        return spaces

    def _sources(self) -> list[ActionRun]:
        """The action runs whose results it works with: a rollback's target's, then its own."""
        return [*self.target.runs, *self.runs] if self.target else self.runs

    def rule_runs(self) -> list[ActionRun]:
        """The runs of the rules of every condition that was checked."""
        return [run for check in self.conditions for run in check.runs]

    def condition(self, stage: str, kind: Kind) -> ConditionRun | None:
        """The last check of a condition."""
        found = (c for c in reversed(self.conditions) if (c.stage, c.kind) == (stage, kind))
        return next(found, None)

    def succeeded_in(self, stage: str) -> bool:
        """Whether it went through the stage well; one that skipped it did not."""
        return stage in self.stages and self.stages[stage].status == "Succeeded"

    def latest_run(self, stage: str, action: str) -> ActionRun | None:
        """The last attempt at an action."""
        found = (r for r in reversed(self.runs) if (r.stage, r.action.name) == (stage, action))
        return next(found, None)
