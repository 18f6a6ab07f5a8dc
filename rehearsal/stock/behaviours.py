"""What the delivery of any app relies on AWS for, as far as its pipeline has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from assembly.pipeline import APPROVES, DEPLOYS, Action
from rehearsal.behaviour import Behaviour, shown
from rehearsal.limits import LIMITS
from rehearsal.stock.needs import Needs, resource_types

_BUILD = "Build/CodeBuild"
_UPDATE, _ASSETS = "UpdatePipeline", "Assets"


def of(needs: Needs) -> Mapping[str, tuple[Behaviour, ...]]:
    """By groups: what its actions show, and what the emulator does not do for what it deploys."""
    groups = {
        "of the pipeline": tuple(_pipeline(needs)),
        "of signatures and permissions": tuple(_access(needs)),
    }
    types = frozenset(resource_types(needs.assembly))
    for group, limits in LIMITS.items():
        groups[group] = (*groups.get(group, ()), *(e for e in limits if _concerns(e, types)))
    return {group: rows for group, rows in groups.items() if rows}


def _pipeline(needs: Needs) -> Iterator[Behaviour]:
    actions = needs.pipeline.actions
    builds = [each for each in actions if each.kind == _BUILD]
    steps = [each for each in builds if each.stage not in (_UPDATE, _ASSETS)]
    yield from _row("a commit of the repository becomes the source artifact", _sources(actions))
    yield from _row(
        "artifacts are copied to the regions of the actions that take them",
        [e for e in actions if e.region not in ("", needs.region) and e.inputs],
    )
    yield from _row("the app's buildspecs run, unmodified, as their service roles", steps)
    yield from _row(
        "builds see nothing of this machine but its system, and leave nothing running",
        builds,
        "isolation:*",
    )
    yield from _row(
        "builds take several artifacts as their inputs", [e for e in steps if len(e.inputs) > 1]
    )
    yield from _row(
        "builds take variables of builds and outputs of stacks",
        [e for e in steps if any("#{" in str(variable["value"]) for variable in e.variables)],
    )
    yield from _row(
        "the pipeline deploys its own definition with the CDK CLI that it installs",
        [e for e in builds if e.stage == _UPDATE],
    )
    yield from _row(
        "the cdk-assets that the pipeline installs publishes to every account",
        [e for e in builds if e.stage == _ASSETS],
    )
    yield from _row(
        "change sets are made and executed by the bootstrap's roles",
        [e for e in actions if e.kind == DEPLOYS],
    )
    yield from _row("approvals are waited for", [e for e in actions if e.kind == APPROVES])


def _access(needs: Needs) -> Iterator[Behaviour]:
    actions = needs.pipeline.actions
    elsewhere = [e for e in actions if e.kind == DEPLOYS and needs.account not in e.role]
    yield from _row(
        "other accounts' deployments read the artifact bucket, as its policy allows", elsewhere
    )
    yield from _row(
        "self-mutation may assume the bootstrap's roles only, told by their tags",
        [e for e in actions if e.stage == _UPDATE],
    )
    builds = [e for e in actions if e.kind == _BUILD]
    yield from _row("builds write their logs with the permissions of their roles", builds)


def _sources(actions: Iterable[Action]) -> list[Action]:
    return [each for each in actions if each.kind.startswith("Source/")]


def _row(text: str, actions: Iterable[Action], *besides: str) -> Iterator[Behaviour]:
    """What these actions show, all of them, with whatever must be so besides; nothing where there
    are none."""
    patterns = [f"action:{each.where}" for each in actions]
    if patterns:
        yield shown(text, *besides, *patterns)


def _concerns(limit: Behaviour, types: Iterable[str]) -> bool:
    wanted = limit.types
    return not wanted or any(fnmatchcase(each, p) for each in types for p in wanted)
