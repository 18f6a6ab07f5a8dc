"""All that the approver should know: the release, what it would do, what speaks against it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution, TestCase
from ops.verdicts import Level, Verdict, of_execution
from promotion import commits, pushes
from promotion.changes import Action
from promotion.commits import Commit, UnknownHistoryError
from promotion.judges import data, drifted, exports, orphans, permissions, unseen
from promotion.preview import Previewer, StackPreview, Target
from promotion.release import Release

# Where a person reviews what the pipeline consists of and who may do what.
REVIEWED: Final = "gates/reviewed"
type Texts = tuple[Mapping[str, str] | None, Mapping[str, str]]
_ORDER: Final = (Level.RED, Level.NOTE, Level.GOOD)


@dataclass(frozen=True)
class Running:
    """What runs now, as far as it is known. release: that was promoted with a page, or None."""

    commit: str
    release: Release | None = None


@dataclass(frozen=True)
class History:
    """commits: what the release has and what runs has not. taken_back: the other way round.

    pipeline: how the reviewed files differ. unknown: why any of it is not known, or "". limits:
    what to know of where it comes from, or "".
    """

    commits: tuple[Commit, ...] = ()
    taken_back: tuple[Commit, ...] = ()
    pipeline: str = ""
    unknown: str = ""
    limits: str = ""


@dataclass(frozen=True)
class Tests:
    """What one action's build reported."""

    run: ActionRun
    cases: tuple[TestCase, ...]


@dataclass(frozen=True)
class Report:
    """verdicts: worst first. running: None where nothing runs yet. reviewed: the texts of what a
    person reviewed of the release, by the names of their files. execution: of the pipeline, that
    would deploy it, or "". made: when, as people read it."""

    environment: str
    release: Release
    running: Running | None
    previews: tuple[StackPreview, ...]
    verdicts: tuple[Verdict, ...]
    history: History
    tests: tuple[Tests, ...] = ()
    reviewed: Mapping[str, str] = field(default_factory=dict)
    execution: str = ""
    made: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")

    @property
    def nothing_to_deploy(self) -> bool:
        """Whether every stack was seen and none of them would change."""
        return not any(each.changes or each.unseen or each.is_new for each in self.previews)

    def count(self, level: Level) -> int:
        return sum(verdict.level is level for verdict in self.verdicts)

    @property
    def done(self) -> str:
        """How many resources would be removed, replaced, changed, added, in a sentence."""
        if self.nothing_to_deploy:
            return "Nothing to deploy."
        changes = [c for preview in self.previews for c in preview.changes if not c.follows]
        counted = [
            f"{sum(change.action is action for change in changes)} {action.value}"
            for action in Action
            if any(change.action is action for change in changes)
        ]
        return f"Resources: {', '.join(counted)}." if counted else "No resource changes."


def of_stacks(
    cloudformation: Any, previewer: Previewer, targets: Sequence[Target], deployed: set[str]
) -> tuple[list[StackPreview], list[Verdict]]:
    """What would happen to the stacks, and what speaks against it.

    deployed: the names of all stacks that the pipeline has ever deployed there.
    """
    previews = [preview for target in targets for preview in previewer.preview(target)]
    verdicts = [
        *unseen.judge(previews),
        *data.judge(previews),
        *permissions.judge(previews),
        *exports.judge(cloudformation, previews),
        *drifted.judge(cloudformation, previews),
        *orphans.resources(previews),
        *orphans.stacks(cloudformation, deployed, {target.name for target in targets}),
    ]
    return previews, verdicts


def tested(pipeline: Pipeline, execution_id: str) -> tuple[list[Tests], list[Verdict]]:
    """What the release's tests said, with every check, and what waits behind it."""
    runs = pipeline.action_runs(execution_id)
    found = [Tests(run, tuple(pipeline.test_cases(run))) for run in runs]
    return [each for each in found if each.cases], of_execution(pipeline, execution_id)


def reviewed(checkout: Path) -> dict[str, str]:
    """The texts that a person reviewed of a checkout's delivery, by the names of their files."""
    return {path.name: path.read_text() for path in sorted((checkout / REVIEWED).glob("*.txt"))}


def pushed(
    executions: Sequence[Execution], running: Running | None, release: Release, texts: Texts
) -> History:
    """What lies between what runs and the release, as far as the pipeline knows.

    executions: newest first. texts: the reviewed ones of what runs, None where no page kept them,
    and of the release.
    """
    if running is None:
        return History(unknown="nothing runs there yet")
    old, new = running.commit, release.commit
    before, after = texts
    differs = "" if before is None else _difference(before, after)
    try:
        return History(
            tuple(pushes.between(executions, old, new)),
            tuple(pushes.between(executions, new, old)),
            differs,
            limits="Each is the newest commit of a push; what else a push brought is not listed.",
        )
    except UnknownHistoryError as error:
        return History(pipeline=differs, unknown=str(error))


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Of files by name, as a unified difference."""
    return "\n".join(
        line
        for name in sorted({*before, *after})
        for line in difflib.unified_diff(
            before.get(name, "").splitlines(),
            after.get(name, "").splitlines(),
            name,
            name,
            lineterm="",
        )
    )


def history(repository: Path, running: Running | None, release: Release) -> History:
    """What lies between what runs and the release, from git."""
    if running is None:
        return History(unknown="nothing runs there yet")
    old, new = running.commit, release.commit
    try:
        return History(
            tuple(commits.between(repository, old, new)),
            tuple(commits.between(repository, new, old)),
            commits.difference(repository, old, new, REVIEWED),
        )
    except UnknownHistoryError as error:
        return History(unknown=str(error))


def of_history(found: History) -> Iterator[Verdict]:
    """A release that does not have what runs takes it back."""
    if found.taken_back:
        names = ", ".join(f"{each.id[:12]} {each.subject}" for each in found.taken_back)
        text = f"{len(found.taken_back)} commit(s) that run now are not in this release: {names}"
        yield Verdict(Level.RED, "commits", text)
    if found.pipeline:
        text = "what the pipeline consists of, or who may do what, changed in this range"
        yield Verdict(Level.NOTE, "pipeline", text)
    if found.unknown:
        text = f"the commits are not known: {found.unknown}"
        yield Verdict(Level.NOTE, "commits", text)


def in_order(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Worst first, else as they came."""
    return tuple(sorted(verdicts, key=lambda verdict: _ORDER.index(verdict.level)))
