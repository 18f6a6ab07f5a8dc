"""What an action gets to work with, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from embedded_aws.codepipeline.model import Action, ArtifactStore
from embedded_aws.codepipeline.state import Artifact, Revision


class Report(Protocol):
    """Tells the engine what a running action already knows: fields of `ActionRun`, by name."""

    def __call__(self, **facts: str | None) -> None:
        """Records the facts at once."""


@dataclass(frozen=True)
class Context:
    """One action run as its provider sees it. `configuration` has its variables resolved.

    `outputs` says where artifacts go. `source_revision` is the revision that a source action must
    fetch, None for the newest. `wait(seconds)` pauses; it is False when the run was abandoned.
    """

    pipeline: str
    account: str
    region: str
    pipeline_role_arn: str
    store: ArtifactStore
    execution_id: str
    stage: str
    action: Action
    configuration: Mapping[str, str]
    inputs: Mapping[str, Artifact]
    outputs: Mapping[str, Artifact]
    source_revision: str | None
    source_branch: str | None
    revisions: Sequence[Revision]
    report: Report
    wait: Callable[[float], bool]


@dataclass(frozen=True)
class Outcome:
    """What a successful action leaves: output variables, artifacts, for a source its revision."""

    variables: Mapping[str, str] = field(default_factory=dict)
    artifacts: Sequence[Artifact] = ()
    summary: str = ""
    revision: Revision | None = None


class Runner(Protocol):
    """Performs the actions of one provider."""

    def __call__(self, context: Context) -> Outcome:
        """Returns when the action has succeeded; raises `ActionError` when it failed."""
