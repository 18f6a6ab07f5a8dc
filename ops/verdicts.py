"""What speaks for a release and what against it, as far as the pipeline knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution

ABOUT = ("tests", "newer commit", "held")
"""What the verdicts of an execution are about."""
_DEPLOYS = "Deploy"


class Level(StrEnum):
    """RED: somebody may be hurt, or nothing proves that nobody is. NOTE: worth knowing."""

    RED = "red"
    NOTE = "note"
    GOOD = "good"


@dataclass(frozen=True)
class Verdict:
    """One sentence about a release. about: what was looked at, such as "tests"."""

    level: Level
    about: str
    text: str


def of_execution(pipeline: Pipeline, execution_id: str) -> list[Verdict]:
    """What the execution's tests said, and whether something newer waits behind it."""
    runs = pipeline.action_runs(execution_id)
    return [*_tests(pipeline, runs), *_newer(pipeline.executions(), execution_id)]


def _tests(pipeline: Pipeline, runs: Sequence[ActionRun]) -> Iterator[Verdict]:
    reported = [(run, cases) for run in runs if (cases := pipeline.test_cases(run))]
    for run, cases in reported:
        failed = [case.name for case in cases if not case.passed]
        text = f"{run.label}: {len(cases) - len(failed)} of {len(cases)} checks passed"
        if failed:
            yield Verdict(Level.RED, "tests", f"{text}; failed: {', '.join(failed)}")
        else:
            yield Verdict(Level.GOOD, "tests", text)
    if not reported:
        yield _unreported(runs)


def _unreported(runs: Sequence[ActionRun]) -> Verdict:
    """A build that tests may end well without a report; what nothing looked at is not tested."""
    ended = [run for run in runs if run.status == "Succeeded"]
    first = next((n for n, run in enumerate(ended) if run.category == _DEPLOYS), None)
    if first is None:
        return Verdict(Level.NOTE, "tests", "nothing of it is deployed yet, so nothing is tested")
    builds = [run.label for run in ended[first:] if run.is_build]
    if not builds:
        return Verdict(Level.RED, "tests", "it is deployed, and no test looked at it")
    text = f"no test reported what it checked; {', '.join(builds)} ended well"
    return Verdict(Level.NOTE, "tests", text)


def _newer(newest_first: Sequence[Execution], execution_id: str) -> Iterator[Verdict]:
    for execution in newest_first:
        if execution.id == execution_id:
            return
        if not execution.ended:
            commit, subject = (execution.commit or "")[:12], execution.message.partition("\n")[0]
            text = f"a newer execution is on its way: {execution.id}, {commit} {subject}".rstrip()
            yield Verdict(Level.NOTE, "newer commit", text)
