"""All that the approver should know: the release, what it would do, what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.pipeline import Pipeline
from ops.records import ActionRun, TestCase
from ops.verdicts import Level, Verdict, of_execution
from promotion import commits
from promotion.commits import Commit, UnknownHistoryError
from promotion.judges import data, drifted, exports, orphans, permissions, unseen
from promotion.preview import Previewer, StackPreview, Target
from promotion.release import Release

# Where a person reviews what the pipeline consists of and who may do what.
REVIEWED: Final = "gates/reviewed"
_ORDER: Final = (Level.RED, Level.NOTE, Level.GOOD)


@dataclass(frozen=True)
class Running:
    """What runs now, as far as it is known. release: that was promoted with a page, or None."""

    commit: str
    release: Release | None = None


@dataclass(frozen=True)
class History:
    """commits: what the release has and what runs has not. taken_back: the other way round.

    pipeline: how the reviewed files differ. unknown: why any of it is not known, or "".
    """

    commits: tuple[Commit, ...] = ()
    taken_back: tuple[Commit, ...] = ()
    pipeline: str = ""
    unknown: str = ""


@dataclass(frozen=True)
class Tests:
    """What one action's build reported."""

    run: ActionRun
    cases: tuple[TestCase, ...]


@dataclass(frozen=True)
class Report:
    """verdicts: worst first. running: None where nothing runs yet."""

    environment: str
    release: Release
    running: Running | None
    previews: tuple[StackPreview, ...]
    verdicts: tuple[Verdict, ...]
    history: History
    tests: tuple[Tests, ...] = ()

    @property
    def nothing_to_deploy(self) -> bool:
        """Whether every stack was seen and none of them would change."""
        return not any(each.changes or each.unseen or each.is_new for each in self.previews)

    def count(self, level: Level) -> int:
        return sum(verdict.level is level for verdict in self.verdicts)


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


def history(repository: Path | None, running: Running | None, release: Release) -> History:
    """What lies between what runs and the release."""
    if running is None:
        return History(unknown="nothing runs there yet")
    if repository is None:
        return History(unknown="the repository's history is not at hand")
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
