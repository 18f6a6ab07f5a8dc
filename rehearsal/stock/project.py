"""Another app as what is rehearsed: everything that is asked of it stands in its assembly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from embedded_aws.server import Server
from rehearsal.accounts import TOOLS, Directory
from rehearsal.behaviour import Behaviour
from rehearsal.errors import UnusableAppError
from rehearsal.progress import Progress
from rehearsal.project import Project
from rehearsal.snapshot import Snapshot
from rehearsal.stock import behaviours, sources
from rehearsal.stock.app import App
from rehearsal.stock.needs import Default, Needs
from rehearsal.stock.place import place_for_copy
from rehearsal.stock.working_tree import WorkingTree
from rehearsal.synthesized import PipelineStack
from rehearsal.tools import run_tool

_DEFAULT_QUALIFIER = "hnb659fds"
_EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True)
class StockProject(Project):
    """An app whose assembly was read. shot: what that was made of. shell: the command line."""

    needs: Needs
    shot: Snapshot
    shell: str

    @classmethod
    def synthesized(
        cls,
        folder: Path,
        root: Path,
        shell: str,
        progress: Progress,
        *,
        wanted: str | None,
        default: Default,
    ) -> Self:
        """From the app in `folder`, whose assembly is written to `root`.

        shell: what people type before a command's name. wanted: the pipeline's stack, where there
        are several. Raises `UnusableAppError`, `UnsupportedSourceError`, `CommandError`,
        `SnapshotError`.
        """
        if not folder.is_dir():
            raise UnusableAppError(f"{folder} is no folder")
        tree = WorkingTree.of(folder)
        app = App.of(tree.folder, tree.top)
        app.check_installed()
        shot = tree.snapshot(root / "snapshot")
        for notice in tree.notices(shot):
            progress.say(notice)
        assembly, copy = root / "assembly", place_for_copy(root)
        with progress.step("app synthesized"):
            tree.copy(shot, copy)
            tree.add_ignored(copy)
            app.synthesize(copy, assembly, root, _told(default))
        needs = Needs.read(assembly, wanted, default, f"{shell} status")
        progress.say(_summary(needs))
        return cls(
            folder=tree.folder,
            region=needs.region,
            accounts=needs.accounts,
            targets=needs.targets,
            source=needs.source,
            needs=needs,
            shot=shot,
            shell=shell,
        )

    @property
    def command(self) -> str:
        """The script, and which app is meant."""
        return self.shell

    def snapshot(self, scratch: Path) -> Snapshot:
        """What the assembly was made of."""
        del scratch
        return self.shot

    def synthesize(self, server: Server, assembly: Path, progress: Progress) -> None:
        """It was, to know what to start: nothing is left to do."""

    def pipeline(self, assembly: Path) -> PipelineStack:
        """The one that was chosen."""
        del assembly
        return self.needs.stack

    def bootstrap(self, server: Server, label: str) -> None:
        """With the CDK's own template, trusting the pipeline's account, as its guide says: once for
        each region and qualifier that stacks of this account have."""
        account = self.accounts[label]
        keys = Directory(server).administrator(label)
        usual = ((self.region, _DEFAULT_QUALIFIER),)
        for region, qualifier in self.needs.bootstraps.get(account, usual):
            command = ["node_modules/.bin/cdk", "bootstrap", f"aws://{account}/{region}"]
            command += ["--app", "", "--qualifier", qualifier, "--no-color"]
            command += ["--trust", self.accounts[TOOLS]]
            command += ["--cloudformation-execution-policies", _EVERYTHING]
            if qualifier != _DEFAULT_QUALIFIER:
                command += ["--toolkit-stack-name", f"CDKToolkit-{qualifier}"]
            run_tool(server, command, keys)

    @property
    def regions(self) -> tuple[str, ...]:
        """Those of its stacks."""
        return self.needs.regions

    @property
    def bootstrap_options(self) -> Mapping[str, Sequence[str]]:
        """Regions and qualifiers."""
        return {
            account: [f"{region}/{qualifier}" for region, qualifier in each]
            for account, each in self.needs.bootstraps.items()
        }

    @property
    def behaviours(self) -> Mapping[str, tuple[Behaviour, ...]]:
        """Of this pipeline, and what the emulator does not do for resources that there are."""
        return behaviours.of(self.needs)


def _told(default: Default) -> dict[str, str]:
    """What the CDK CLI tells apps when it is called with keys of that account and region."""
    return {
        "CDK_DEFAULT_ACCOUNT": default.account,
        "CDK_DEFAULT_REGION": default.region,
        "AWS_REGION": default.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _summary(needs: Needs) -> str:
    lines = [f"Pipeline {needs.stack.selector}: account {needs.account}, {needs.region}"]
    lines += [f"  source: {sources.told(needs.source)}"]
    if len(needs.regions) > 1:
        lines += [f"  regions: {', '.join(needs.regions)}"]
    for target in needs.targets:
        accounts = ", ".join(needs.accounts[label] for label in target.accounts)
        lines += [f"  stage {target.name}: account {accounts}"]
    if needs.is_open:
        lines += [
            f"  What the app leaves open is in account {needs.default.account}, "
            f"{needs.default.region}: --default-account and --default-region name others."
        ]
    return "\n".join(lines)
