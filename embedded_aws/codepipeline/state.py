"""What happened and what is happening: every pipeline, execution and action run, in one place.

`State.changed` is the one lock. Whoever reads or writes a record holds it; whoever waits for
something waits on it, and every change notifies it. Nothing polls.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from embedded_aws.codepipeline.model import Action, Kind, Stage, Structure
from embedded_aws.codepipeline.requests import not_found
from embedded_aws.errors import StateError

ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"})


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An identifier as CodePipeline makes them."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Artifact:
    """A zip in the artifact bucket."""

    name: str
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


@dataclass
class StageState:
    """Who is in a stage, who waits before it, and who was in it last."""

    current: Execution | None = None
    latest: Execution | None = None
    waiting: list[Execution] = field(default_factory=list)


@dataclass
class Pipeline:
    """A pipeline and all that it ever ran."""

    account: str
    region: str
    structure: Structure
    version: int = 1
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    history: dict[int, Structure] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    stages: dict[str, StageState] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, unique in an account and region."""
        return self.structure.name

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:codepipeline:{self.region}:{self.account}:{self.name}"

    def stage_state(self, stage: str) -> StageState:
        """The state of a stage, also of one that a later definition dropped."""
        return self.stages.setdefault(stage, StageState())

    def execution(self, execution_id: str) -> Execution | None:
        """The execution of this id."""
        return next((e for e in self.executions if e.id == execution_id), None)


class State:
    """Every pipeline of every account."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._pipelines: dict[tuple[str, str], Pipeline] = {}

    def add(self, pipeline: Pipeline) -> None:
        """Keeps a new pipeline."""
        self._pipelines[pipeline.account, pipeline.name] = pipeline

    def remove(self, pipeline: Pipeline) -> None:
        """Forgets a pipeline."""
        self._pipelines.pop((pipeline.account, pipeline.name), None)

    def get(self, account: str, name: str) -> Pipeline:
        """The pipeline of this name, or PipelineNotFoundException."""
        try:
            return self._pipelines[account, name]
        except KeyError:
            raise not_found(name) from None

    def has(self, account: str, name: str) -> bool:
        """Whether there is such a pipeline."""
        return (account, name) in self._pipelines

    def of_account(self, account: str) -> list[Pipeline]:
        """The pipelines of an account, by name."""
        return sorted(
            (p for (a, _), p in self._pipelines.items() if a == account), key=lambda p: p.name
        )

    def at_rest(self) -> list[Pipeline]:
        """Every pipeline. Raises `StateError` while an execution of one runs."""
        for pipeline in self:
            if any(not execution.ended for execution in pipeline.executions):
                raise StateError(f"an execution of {pipeline.name} runs")
        return list(self)

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(list(self._pipelines.values()))
