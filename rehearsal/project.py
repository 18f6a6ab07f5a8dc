"""What is rehearsed: a CDK Pipelines app, in the terms that a rehearsal needs.

`own.py` makes one of this checkout's settings, `stock/` one of what any app's assembly says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.connections.played import Source
from embedded_aws.server import Server
from rehearsal.behaviour import Behaviour
from rehearsal.errors import EarlierError
from rehearsal.progress import Progress
from rehearsal.reading import Reader
from rehearsal.snapshot import Snapshot
from rehearsal.synthesized import PipelineStack, pipeline_stack


@dataclass(frozen=True)
class Target:
    """What a stage of the pipeline delivers to.

    name: as people say it. stage: the pipeline's. accounts: labels of those it deploys to.
    smoke: the action whose checks must all pass, for the stage's success alone proves nothing;
    None where it is all that is asked.
    """

    name: str
    stage: str
    accounts: tuple[str, ...]
    smoke: str | None = None


@dataclass(frozen=True)
class Project(ABC):
    """A CDK Pipelines app and what it needs.

    folder: the working tree that is pushed. region: where the pipeline is. accounts: ids by label,
    that of the pipeline as `accounts.TOOLS`. targets: in the order of delivery. source: what
    the pipeline follows.
    """

    folder: Path
    region: str
    accounts: Mapping[str, str]
    targets: tuple[Target, ...]
    source: Source

    @property
    def goal(self) -> Target:
        """Where a delivery ends."""
        return self.targets[-1]

    @property
    def regions(self) -> tuple[str, ...]:
        """Where anything is, the pipeline's first."""
        return (self.region,)

    @property
    def notice(self) -> str | None:
        """What to know before it is rehearsed on this machine; None for nothing."""
        return None

    def reader(self, server: Server, label: str) -> Reader | None:
        """Who reads what an account has back through the APIs that were delivered there; None where
        none is known."""
        del server, label
        return None

    @property
    def bootstrap_files(self) -> tuple[Path, ...]:
        """What `bootstrap` reads besides the CDK CLI: while none of it changes, accounts that it
        prepared once need not be prepared again."""
        return ()

    @property
    def bootstrap_options(self) -> Mapping[str, Sequence[str]]:
        """What `bootstrap` is told besides, by account: likewise."""
        return {}

    def at(self, commit: str, folder: Path) -> Project:
        """The project as `commit` has it, checked out into `folder`. Raises `GitError`, and
        `EarlierError` where that is not offered."""
        del commit, folder
        raise EarlierError(f"{self.folder}: --from is for this checkout's own pipeline alone")

    @property
    def remote(self) -> str | None:
        """The name of the git remote that leads to the rehearsal, in the working tree's
        repository; None where that is left alone."""
        return None

    @property
    @abstractmethod
    def command(self) -> str:
        """What a person types before the name of a command."""

    @abstractmethod
    def snapshot(self, scratch: Path) -> Snapshot:
        """The working tree as a commit; `scratch` is a folder to fill. Raises `SnapshotError`."""

    @abstractmethod
    def synthesize(self, server: Server, assembly: Path, progress: Progress) -> None:
        """Writes the cloud assembly, while the accounts are being prepared.

        Raises `CommandError` with the tail of what the command said.
        """

    def pipeline(self, assembly: Path) -> PipelineStack:
        """The stack that is deployed first, with the pipeline. Raises `NotSynthesizedError`."""
        return pipeline_stack(assembly)

    @abstractmethod
    def bootstrap(self, server: Server, label: str) -> None:
        """Prepares an account as its owner would, with its administrator's keys. Raises the
        same."""

    @property
    @abstractmethod
    def behaviours(self) -> Mapping[str, tuple[Behaviour, ...]]:
        """What its delivery relies on AWS for, by groups as in `behaviours.GROUPS`."""
