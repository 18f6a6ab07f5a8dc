"""This checkout as what is rehearsed: from its settings, by its scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from embedded_aws.clients import Credentials
from embedded_aws.connections.played import CodeCommit, Connection, S3Object, Source
from embedded_aws.host import package_managers
from embedded_aws.server import Server
from rehearsal import apis, earlier, snapshot
from rehearsal.accounts import Directory
from rehearsal.behaviour import Behaviour
from rehearsal.behaviours import GROUPS
from rehearsal.errors import UnknownAccountError
from rehearsal.lifecycle import operated
from rehearsal.native_code import foreign
from rehearsal.progress import Progress
from rehearsal.project import Project, Target
from rehearsal.reading import Reader, lookups
from rehearsal.snapshot import Snapshot
from rehearsal.tools import run, run_tool
from settings import CodeCommitSource, ConnectionSource, S3Source, Settings

COMMAND = "scripts/rehearsal"
_SMOKE_ACTION = "Smoke"


@dataclass(frozen=True)
class OwnProject(Project):
    """A checkout of this project. settings: those of its `cdk.json`."""

    settings: Settings

    @classmethod
    def of_checkout(cls, checkout: Path) -> Self:
        """Raises `SettingsError`."""
        return cls.of_settings(checkout, Settings.of_checkout(checkout))

    @classmethod
    def of_settings(cls, checkout: Path, settings: Settings) -> Self:
        """A checkout whose settings were read."""
        return cls(
            folder=checkout,
            region=settings.region,
            accounts=settings.accounts,
            targets=tuple(
                Target(each.name, each.stage, (each.name,), _SMOKE_ACTION)
                for each in settings.environments
            ),
            source=_played(settings),
            settings=settings,
        )

    @property
    def notice(self) -> str | None:
        """Whether the functions' native code runs here."""
        return foreign(self.settings.architecture)

    @property
    def remote(self) -> str:
        """As the developer's guide has it: `git push rehearsal`."""
        return "rehearsal"

    @property
    def command(self) -> str:
        """The script."""
        return COMMAND

    def snapshot(self, scratch: Path) -> Snapshot:
        """The checkout, uncommitted changes included."""
        return snapshot.take(self.folder, scratch)

    def synthesize(self, server: Server, assembly: Path, progress: Progress) -> None:
        """As the pipeline's own build does."""
        command = ["scripts/synth", "--output", str(assembly)]
        with progress.step("pipeline synthesized"):
            own = str(self.folder / command[0])
            # Through bash: a checkout from an archive may have lost its modes.
            run(["bash", own, *command[1:]], server.root, package_managers(), self.folder)

    def bootstrap(self, server: Server, label: str) -> None:
        """With our own template."""
        keys = Directory(server).administrator(label)
        run_tool(server, ["scripts/bootstrap", label], keys)

    @property
    def bootstrap_files(self) -> tuple[Path, ...]:
        """Our templates, and what chooses them and passes their parameters."""
        files = sorted((self.folder / "accounts" / "bootstrap").glob("*.*"))
        return (*files, self.folder / "scripts" / "bootstrap")

    def at(self, commit: str, folder: Path) -> Self:
        """With what is installed here."""
        return type(self).of_checkout(earlier.checkout(self.folder, commit, folder))

    def smoke_role(self, directory: Directory, label: str) -> Credentials:
        """The role of an environment's smoke tests. Raises `UnknownAccountError`."""
        try:
            return directory.smoke(self.settings.environment(label).smoke_role_arn)
        except KeyError as error:
            raise UnknownAccountError(f"cdk.json has no environment {label!r} any more") from error

    def reader(self, server: Server, label: str) -> Reader | None:
        """As the role of its smoke tests. None where it is not deployed yet, or no more."""
        if label not in {each.name for each in self.settings.environments}:
            return None
        directory, stages = Directory(server), [e.stage for e in self.targets if e.name == label]
        found = apis.urls(server, directory.session(label), operated, stages)
        if not found:
            return None
        caller = apis.Caller(server, self.smoke_role(directory, label))
        descriptions = self.folder / "docs" / "openapi"
        return Reader(label, caller, apis.services(found), tuple(lookups(descriptions)))

    @property
    def behaviours(self) -> Mapping[str, tuple[Behaviour, ...]]:
        """All that are listed."""
        return GROUPS


def _played(settings: Settings) -> Source:
    """What the remote plays: the settings' source, in the pipeline's account and region."""
    tools, region, follow = settings.tools_account, settings.region, f"{COMMAND} status"
    match settings.source:
        case ConnectionSource(repository, branch, arn):
            return Connection(arn, repository, branch, follow)
        case CodeCommitSource(repository, branch):
            return CodeCommit(tools, region, repository, branch, follow)
        case S3Source(bucket, key):
            return S3Object(tools, region, bucket, key, follow=follow)
