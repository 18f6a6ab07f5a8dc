"""The report for the person who approves: the worst first, everything else below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops.verdicts import Level, Verdict
from pages import parts
from pages.markup import Child, Markup, element
from pages.page import Tone, page
from promotion.changes import Action, Change
from promotion.commits import Commit
from promotion.preview import StackPreview
from promotion.report import Report, Tests

_TONES: Final = {Level.RED: Tone.BAD, Level.NOTE: Tone.UNSURE, Level.GOOD: Tone.GOOD}
_WORDS: Final = {Level.RED: "Think again", Level.NOTE: "Good to know", Level.GOOD: "Good"}
_LOUD: Final = {
    Action.REMOVED: Tone.BAD,
    Action.REPLACED: Tone.BAD,
    Action.PERHAPS_REPLACED: Tone.UNSURE,
}
FOOTER: Final = (
    "Made from CloudFormation's change sets against what ran when this page was made, which were "
    "deleted again: nothing was changed. What custom resources do, and values that are only known "
    "while deploying, no change set shows."
)


def render(report: Report) -> str:
    """The whole document."""
    return page(
        _title(report),
        _facts(report),
        _verdicts(report.verdicts),
        _answering(report) if report.execution else None,
        _stacks(report),
        _tests(report.tests),
        _commits("Commits since what runs now", report.history.commits, report.history.limits),
        _commits("Commits that would be taken back", report.history.taken_back),
        _pipeline(report.history.pipeline),
        kind=f"Promotion to {report.environment}",
        tone=_tone(report),
        summary=_summary(report),
        footer=element("p", FOOTER),
    )


def _title(report: Report) -> str:
    if report.nothing_to_deploy:
        return f"{report.release.name}: nothing to deploy"
    return f"Let {report.release.name} into {report.environment}?"


def _tone(report: Report) -> Tone:
    worst = report.verdicts[0].level if report.verdicts else Level.GOOD
    return _TONES[worst]


def _summary(report: Report) -> str:
    red, notes = report.count(Level.RED), report.count(Level.NOTE)
    against = f"{red} to think about" if red else "Nothing speaks against it"
    return f"{against}, {notes} good to know. {report.done}"


def _facts(report: Report) -> Markup:
    running = report.running
    now: Child = "nothing yet" if running is None else running.commit
    if running is not None and running.release is not None:
        now = f"{running.release.name}, commit {running.commit}"
    return parts.facts(
        [
            ("Environment", report.environment),
            ("Release", report.release.name),
            ("Made", report.made),
        ],
        [
            ("Commit that waits", report.release.commit),
            ("Digest of commit, templates and assets", report.release.digest),
            ("What runs now", now),
            *([("Pipeline execution", report.execution)] if report.execution else []),
        ],
    )


def _answering(report: Report) -> Markup:
    """How to answer, for whoever came here by a link."""
    command = f"python -m ops approve --execution {report.execution}"
    return parts.section(
        "Your answer",
        element(
            "p",
            "Approve or reject in CodePipeline, or by command, which keeps your reason: ",
            element("code", command),
            ", or reject --reason. It is for this release alone, onto what runs now: if either is "
            "another one by the time that it is deployed, nothing is.",
        ),
    )


def _verdicts(verdicts: Sequence[Verdict]) -> Markup:
    lines = [
        (each.about, parts.toned(_TONES[each.level], _WORDS[each.level]), each.text)
        for each in verdicts
    ]
    if not lines:
        return parts.section("Verdicts", element("p", "Nothing was found to say."))
    table = parts.table(["About", "Verdict", "Why"], [parts.rows(lines)], labelled_by="verdicts")
    return parts.section("Verdicts", table, anchor="verdicts")


def _stacks(report: Report) -> Markup:
    if report.nothing_to_deploy:
        said = element("p", "Nothing to deploy: every stack already is as this release has it.")
        return parts.section("What would change", said)
    return parts.section("What would change", [_stack(each) for each in report.previews])


def _stack(preview: StackPreview) -> list[Markup]:
    new = " (new)" if preview.is_new else ""
    heading = element("h3", f"{preview.label}{new}", id=parts.identifier(preview.label))
    if preview.unseen:
        return [heading, element("p", parts.toned(Tone.BAD, "Not seen"), f": {preview.unseen}")]
    if not preview.changes:
        return [heading, element("p", "No change.")]
    if preview.is_new:
        # None of it can hurt what runs: a long list of it would hide what can.
        said = f"{len(preview.changes)} resources, all of them new"
        return [heading, parts.folded(said, _table(preview.changes, preview.label))]
    order = list(Action)
    changes = sorted(preview.changes, key=lambda change: order.index(change.action))
    sure = [change for change in changes if not change.follows]
    follow = [change for change in changes if change.follows]
    said = f"{len(follow)} more read something of these, and change only if it turns out otherwise"
    return [
        heading,
        *([_table(sure, preview.label)] if sure else []),
        *([parts.folded(said, _table(follow, preview.label))] if follow else []),
    ]


def _table(changes: Sequence[Change], labelled_by: str) -> Markup:
    lines = parts.rows(map(_change, changes))
    return parts.table(["Resource", "What happens", "Properties"], [lines], labelled_by=labelled_by)


def _change(change: Change) -> tuple[Child, Child, Child]:
    # Metadata does nothing; alone, it is why the resource is listed.
    said = [each for each in change.properties if each.name != "Metadata"] or change.properties
    loud = None if change.follows else _LOUD.get(change.action)
    happens = parts.toned(loud, change.text) if loud else change.text
    return (
        change.label,
        happens,
        parts.items(text for each in said for text in each.texts),
    )


def _tests(tests: Sequence[Tests]) -> Markup | None:
    return parts.section("Tests of this release", list(_runs(tests))) if tests else None


def _runs(tests: Sequence[Tests]) -> Iterator[Markup]:
    for each in tests:
        failed = [case for case in each.cases if not case.passed]
        said = f"{len(each.cases) - len(failed)} of {len(each.cases)} checks passed"
        name: Child = each.run.label
        if each.run.url:
            name = element("a", each.run.label, href=each.run.url)
        yield element("p", name, ": ", parts.toned(Tone.BAD if failed else Tone.GOOD, said))
        yield parts.folded(
            "Every check",
            parts.items(
                f"{case.name}: {'passed' if case.passed else 'failed'}" for case in each.cases
            ),
        )


def _commits(heading: str, commits: Sequence[Commit], limits: str = "") -> Markup | None:
    if not commits:
        return None
    said = element("p", limits) if limits else None
    return parts.section(heading, said, [_commit(each) for each in commits])


def _commit(commit: Commit) -> Markup:
    id_ = element("code", commit.id[:12])
    head = [
        element("a", id_, href=commit.url) if commit.url else id_,
        f" {commit.subject} \u2013 {', '.join(filter(None, [commit.author, commit.date]))}",
    ]
    if commit.message.strip() == commit.subject:
        return element("p", head)
    return parts.folded(head, parts.verbatim(commit.message))


def _pipeline(difference: str) -> Markup | None:
    if not difference:
        return None
    return parts.section(
        "What changed in the pipeline",
        element("p", "Reviewed: what it consists of, and who may do what."),
        parts.folded("The difference", parts.verbatim(difference)),
    )
