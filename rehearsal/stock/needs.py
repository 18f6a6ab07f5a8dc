"""What the pipeline of an app needs, read from its assembly; or why it cannot be rehearsed here.

One server plays one source: what goes beyond that is refused by name.
Roles of actions: CDK, `pipelines`, "CDK Environment Bootstrapping"; accounts and regions that an
app leaves open: `cx-api`, UNKNOWN_ACCOUNT and UNKNOWN_REGION.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assembly.pipeline import DEPLOYS, Action, Pipeline
from assembly.templates import Assembly, NoAssemblyError, Stack
from embedded_aws.connections.played import Source
from rehearsal.accounts import TOOLS
from rehearsal.errors import UnusableAppError
from rehearsal.project import Target
from rehearsal.stock import sources
from rehearsal.synthesized import PipelineStack, pipeline_stacks

_SHOWN = 5
_OPEN = ("unknown-account", "unknown-region", "")
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ROLE = re.compile(r"arn:[\w-]+:iam::([^:<>]+):role/")
_BOOTSTRAP = re.compile(r"/cdk-bootstrap/([\w-]+)/version")


@dataclass(frozen=True)
class Default:
    """What stands for an account and a region that the app leaves open."""

    account: str
    region: str


@dataclass(frozen=True)
class Needs:
    """Of the pipeline in `stack`. follow: what the git remote tells people to run after a push."""

    assembly: Assembly
    stack: PipelineStack
    default: Default
    follow: str = ""

    @classmethod
    def read(cls, directory: Path, wanted: str | None, default: Default, follow: str = "") -> Needs:
        """wanted: the stack of the pipeline, by name or as the CLI selects it, where there are
        several. Raises `UnusableAppError`, `UnsupportedSourceError`."""
        try:
            assembly = Assembly.read(directory)
        except NoAssemblyError as error:
            raise UnusableAppError("the app synthesized no stack: there is no pipeline") from error
        needs = cls(assembly, _chosen(list(pipeline_stacks(assembly)), wanted), default, follow)
        needs.check()
        return needs

    def check(self) -> None:
        """Raises what reading any of it would raise, before anything is started."""
        for account in self.accounts.values():
            if not _ACCOUNT.fullmatch(account):
                raise _misnamed(account, "no account: 12 digits are")
        for region in self.regions:
            if not _REGION.fullmatch(region):
                raise _misnamed(region, "no region: one is us-east-1")
        _ = self.bootstraps, self.source
        self._check_lookups()
        self._check_images()

    def _check_lookups(self) -> None:
        """cx-api, `MissingContext`: with these, what was synthesized is made of dummy values."""
        missing = self.assembly.documents["manifest.json"].get("missing", ())
        if missing:
            raise UnusableAppError(
                f"the app looks up what it was not told: {_listed(each['key'] for each in missing)}"
                ". The embedded AWS has nothing of yours to find: run `cdk synth` with credentials "
                "and commit the cdk.context.json that it writes, as the CDK's guide tells you to"
            )

    def _check_images(self) -> None:
        """cloud-assembly-schema, `DockerImageAsset`: a build of the pipeline calls Docker."""
        images = [
            image.get("displayName", name)
            for file, manifest in self.assembly.documents.items()
            if file.endswith(".assets.json")
            for name, image in (manifest.get("dockerImages") or {}).items()
        ]
        if images:
            raise UnusableAppError(
                f"the app publishes Docker images: {_listed(images)}. Builds get no Docker here, "
                "and nothing runs images. For the rehearsal, leave what needs them out by a "
                "context value"
            )

    @cached_property
    def pipeline(self) -> Pipeline:
        """As the assembly has it."""
        return Pipeline(self.assembly, self.stack.name)

    @property
    def account(self) -> str:
        """The pipeline's."""
        return self._given(self._own.account) or self.default.account

    @property
    def region(self) -> str:
        """The pipeline's."""
        return self._given(self._own.region) or self.default.region

    @property
    def is_open(self) -> bool:
        """Whether the pipeline is where an app is that leaves its account and region open."""
        return (self.account, self.region) == (self.default.account, self.default.region)

    @cached_property
    def accounts(self) -> Mapping[str, str]:
        """Ids by label: an id is its own label, but for the pipeline's."""
        others = (self._account_of(each) for each in self.pipeline.actions)
        return {TOOLS: self.account} | {e: e for e in others if e != self.account}

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Where its stacks are, the pipeline's region first."""
        found = (self._given(each.region) or self.region for each in self._stacks)
        return tuple(dict.fromkeys((self.region, *found)))

    @cached_property
    def bootstraps(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """By account, the (region, qualifier) of those that its stacks need.

        The CDK deploys the buckets for artifacts of other regions with the bootstrap roles of the
        pipeline's region: their stacks need none (`aws-codepipeline`, CrossRegionSupportStack).
        """
        found: dict[str, dict[tuple[str, str], None]] = {}
        for stack in self._stacks:
            if not stack.bootstrap and stack.artifact in self._supporting:
                continue
            account = self._given(stack.account) or self.account
            region = self._given(stack.region) or self.region
            found.setdefault(account, {})[region, _qualifier(stack)] = None
        return {account: tuple(each) for account, each in found.items()}

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """The stages that deploy something; the last one of all where none does, as in a pipeline
        that only updates itself so far."""
        stages: dict[str, dict[str, None]] = {}
        labels = {account: label for label, account in self.accounts.items()}
        for action in self.pipeline.actions:
            if action.kind == DEPLOYS:
                account = self._account_of(action)
                stages.setdefault(action.stage, {})[labels[account]] = None
        if not stages:
            stages = {self.pipeline.actions[-1].stage: {TOOLS: None}}
        return tuple(Target(stage, stage, tuple(where)) for stage, where in stages.items())

    @cached_property
    def source(self) -> Source:
        """What the pipeline follows. Raises `UnsupportedSourceError` for what is not played."""
        return sources.played(self.pipeline, self.account, self.region, self.follow)

    @property
    def _own(self) -> Stack:
        stack = self.pipeline.template.stack
        if stack is None:
            raise UnusableAppError(f"no stack deploys {self.stack.selector}")
        return stack

    @cached_property
    def _stacks(self) -> tuple[Stack, ...]:
        """The pipeline's, and those in the accounts that it deploys to."""
        stacks = (each.stack for each in self.assembly.templates if not each.nested)
        ours = set(self.accounts.values())
        return tuple(
            each for each in stacks if each and (self._given(each.account) or self.account) in ours
        )

    @cached_property
    def _supporting(self) -> frozenset[str]:
        """Stacks beside the pipeline's; what that deploys is in folders."""
        beside = (each for each in self.assembly.templates if "/" not in each.file)
        return frozenset(e.stack.artifact for e in beside if e.stack and e.stack != self._own)

    def _account_of(self, action: Action) -> str:
        found = _ROLE.match(action.role)
        return found[1] if found else self.account

    def _given(self, value: str) -> str | None:
        return None if value in _OPEN else value


def _chosen(stacks: Sequence[PipelineStack], wanted: str | None) -> PipelineStack:
    names = ", ".join(each.selector for each in stacks) or "none"
    fitting = [e for e in stacks if wanted in (None, e.selector, e.name, e.pipeline)]
    if len(fitting) == 1:
        return fitting[0]
    if not stacks:
        raise UnusableAppError("the app synthesized no stack with a pipeline in it")
    if not fitting:
        raise UnusableAppError(f"no stack {wanted!r} with a pipeline; there are: {names}")
    raise UnusableAppError(f"several pipelines: name one with --pipeline; there are: {names}")


def _listed(names: Iterable[str]) -> str:
    """Each once, in their order; the first few of many."""
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more


def _misnamed(value: str, why: str) -> UnusableAppError:
    return UnusableAppError(f"{value!r} is {why}. Set env of the stack or stage that it is for")


def _qualifier(stack: Stack) -> str:
    found = _BOOTSTRAP.fullmatch(stack.bootstrap)
    if found is None:
        raise UnusableAppError(
            f"stack {stack.name} needs no bootstrap of the CDK's default synthesizer "
            f"({stack.bootstrap or 'it names none'}): CDK Pipelines deploys none without"
        )
    return found[1]


def resource_types(assembly: Assembly) -> Iterator[str]:
    """The type of every resource of every template."""
    yield from (each.type for each in assembly.resources())
