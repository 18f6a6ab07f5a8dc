"""The structure of a pipeline: made once from its definition, then never changed.

Source: CodePipeline user guide, "reference-pipeline-structure".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from embedded_aws.codepipeline.triggers import Trigger

APPROVAL_TIMEOUT_MINUTES = 7 * 24 * 60
"""Seven days, unless the action says otherwise: user guide, "approvals"."""


@dataclass(frozen=True)
class Action:
    """One action of a stage. `configuration` still holds its `#{…}` references."""

    name: str
    category: str
    provider: str
    version: str
    owner: str
    run_order: int
    configuration: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: str | None
    role_arn: str | None
    region: str | None
    timeout_minutes: int | None
    commands: tuple[str, ...] = ()

    @property
    def is_approval(self) -> bool:
        """Whether a person, not a provider, completes it."""
        return self.category == "Approval"


Kind = Literal["BEFORE_ENTRY", "ON_SUCCESS", "ON_FAILURE"]
"""When a condition of a stage is checked."""


@dataclass(frozen=True)
class Condition:
    """Rules that must all succeed, else `result` engages. A rule is an action of category Rule."""

    result: str
    rules: tuple[Action, ...]


@dataclass(frozen=True)
class OnFailure:
    """What a failed stage does: `result` at once, or as its condition decides."""

    result: str | None
    retry_mode: str
    condition: Condition | None


@dataclass(frozen=True)
class Stage:
    """A named part of the pipeline that one execution at a time may be in."""

    name: str
    actions: tuple[Action, ...]
    before_entry: Condition | None = None
    on_success: Condition | None = None
    on_failure: OnFailure | None = None

    def conditions(self) -> Iterator[tuple[Kind, Condition]]:
        """Those that it has, each with the time at which it is checked."""
        if self.before_entry:
            yield "BEFORE_ENTRY", self.before_entry
        if self.on_success:
            yield "ON_SUCCESS", self.on_success
        if self.on_failure and self.on_failure.condition:
            yield "ON_FAILURE", self.on_failure.condition

    def condition(self, kind: Kind) -> Condition | None:
        """The condition that is checked then."""
        return dict(self.conditions()).get(kind)

    def waves(self) -> Iterator[tuple[Action, ...]]:
        """The actions that run side by side, in the order of their run order."""
        ordered = sorted(self.actions, key=lambda a: a.run_order)
        for _, actions in groupby(ordered, key=lambda a: a.run_order):
            yield tuple(actions)

    def action(self, name: str) -> Action | None:
        """The action of this name."""
        return next((a for a in self.actions if a.name == name), None)


@dataclass(frozen=True)
class ArtifactStore:
    """The bucket that carries artifacts between a region's actions, and the key that encrypts
    them."""

    region: str
    bucket: str
    key_id: str | None


@dataclass(frozen=True)
class Structure:
    """Everything a pipeline's definition says. `declaration` is it in the API's own shape.

    stores: by region, that of the pipeline included.
    """

    name: str
    role_arn: str
    stages: tuple[Stage, ...]
    stores: Mapping[str, ArtifactStore]
    pipeline_type: str
    mode: str
    variables: Mapping[str, str | None]
    triggers: tuple[Trigger, ...]
    disabled_transitions: Mapping[str, str]
    restart_on_update: bool
    declaration: Mapping[str, Any]

    def stage(self, name: str) -> Stage | None:
        """The stage of this name."""
        return next((s for s in self.stages if s.name == name), None)

    def stage_index(self, name: str) -> int:
        """Its place, counted from 0; `ValueError` when there is no such stage."""
        return [s.name for s in self.stages].index(name)

    def sources(self) -> tuple[Action, ...]:
        """The source actions: all in the first stage."""
        return self.stages[0].actions
