"""What happened and what is happening: every pipeline with all that it ran, in one place.

`State.changed` is the one lock. Whoever reads or writes a record holds it; whoever waits for
something waits on it, and every change notifies it. Nothing polls.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from embedded_aws.codepipeline.executions import Execution, now
from embedded_aws.codepipeline.model import Structure
from embedded_aws.codepipeline.requests import not_found
from embedded_aws.errors import StateError

Place = tuple[str, str]
"""An account and a region: in each, names are unique."""


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
        self._pipelines: dict[tuple[str, str, str], Pipeline] = {}

    def add(self, pipeline: Pipeline) -> None:
        """Keeps a new pipeline."""
        self._pipelines[_key(pipeline)] = pipeline

    def remove(self, pipeline: Pipeline) -> None:
        """Forgets a pipeline."""
        self._pipelines.pop(_key(pipeline), None)

    def get(self, place: Place, name: str) -> Pipeline:
        """The pipeline of this name, or PipelineNotFoundException."""
        try:
            return self._pipelines[(*place, name)]
        except KeyError:
            raise not_found(name) from None

    def has(self, place: Place, name: str) -> bool:
        """Whether there is such a pipeline."""
        return (*place, name) in self._pipelines

    def at(self, place: Place) -> list[Pipeline]:
        """The pipelines of an account in a region, by name."""
        found = (each for each in self if (each.account, each.region) == place)
        return sorted(found, key=lambda pipeline: pipeline.name)

    def at_rest(self) -> list[Pipeline]:
        """Every pipeline. Raises `StateError` while an execution of one runs."""
        for pipeline in self:
            if any(not execution.ended for execution in pipeline.executions):
                raise StateError(f"an execution of {pipeline.name} runs")
        return list(self)

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(list(self._pipelines.values()))


def _key(pipeline: Pipeline) -> tuple[str, str, str]:
    return pipeline.account, pipeline.region, pipeline.name
