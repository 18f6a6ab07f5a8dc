"""One run of the smoke tests as a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from integ.client import Answer
from integ.results import Check, Outcome, Run
from pages import parts
from pages.markup import Markup, element
from pages.page import Tone, page

# The parts of a failure's text, as integ/expectations.py and integ/credentials.py write it.
LABEL = re.compile(r"^(Expected|Got|Look next): ", re.MULTILINE)
TONES: dict[Outcome, Tone] = {"passed": Tone.GOOD, "failed": Tone.BAD, "not run": Tone.BAD}
FOOTER = (
    "A latency is one call as its caller sees it, from the build: connection, API and function. "
    "No call is repeated when it fails. Times are UTC."
)


def render(run: Run) -> str:
    """The whole document."""
    return page(
        _verdict(run),
        _facts(run),
        _stopped(run),
        _failures(run),
        _checks(run),
        kind="Smoke tests",
        tone=Tone.GOOD if run.passed else Tone.BAD,
        summary=_summary(run),
        footer=element("p", FOOTER),
    )


def _verdict(run: Run) -> str:
    name = run.environment or "Smoke tests"
    if run.passed:
        return f"{name} passed"
    if not run.finished:
        return f"{name} failed: the run has not finished"
    if not run.count("passed") and not run.count("failed"):
        return f"{name} failed: nothing was checked"
    return f"{name} failed"


def _summary(run: Run) -> str:
    total = len(run.checks)
    counts = ((run.count("failed"), "failed"), (run.count("not run"), "could not run"))
    said = [f"{number} of {_counted(total, 'check')} {what}." for number, what in counts if number]
    if not total:
        said = ["No check ran, and that is never a pass."]
    elif not said:
        said = [f"{_all(total)} passed in {run.seconds:.1f} s."]
    if run.left_out:
        said.append(f"{_counted(run.left_out, 'check')} left out by choice.")
    return " ".join(said)


def _all(total: int) -> str:
    return "The only check" if total == 1 else f"All {total} checks"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _facts(run: Run) -> Markup:
    facts = [("Started", f"{run.started:%Y-%m-%d %H:%M:%S} UTC"), ("Took", f"{run.seconds:.1f} s")]
    wide: list[tuple[str, str]] = []
    if run.settings:
        facts = [
            ("Environment", run.settings.environment),
            ("Account", run.settings.account),
            ("Called as", run.settings.smoke_role_name),
            *facts,
        ]
    answered = [a.milliseconds for c in run.checks for a in c.answers if a.status is not None]
    if answered:
        calls = _counted(len(answered), "call")
        facts.append(("Latency", f"{_span(answered)}, {calls}"))
    if run.settings:
        urls = run.settings.api_urls.items()
        wide = [("Commit", run.settings.commit), *((f"{name} API", url) for name, url in urls)]
    return parts.facts(facts, wide)


def _stopped(run: Run) -> Markup | None:
    """What kept checks from running: each reason once, not once a check."""
    reasons = [run.settings_problem, *run.problems]
    reasons += [check.failure for check in run.checks if check.outcome == "not run"]
    texts = [_explained(reason) for reason in dict.fromkeys(filter(None, reasons))]
    return parts.section("What stopped the run", texts) if texts else None


def _failures(run: Run) -> Markup | None:
    failed = [_failure(check) for check in run.checks if check.outcome == "failed"]
    return parts.section("What failed", failed) if failed else None


def _failure(check: Check) -> Markup:
    return element(
        "article",
        element("h3", check.sentence),
        element("p", check.name, class_="name"),
        _explained(check.failure),
        id=_anchor(check),
    )


def _explained(text: str) -> Markup:
    """Labelled parts as a list of them; a text without labels (a traceback) as it is."""
    before, *labelled = LABEL.split(text)
    if before.strip() or not labelled:
        return parts.verbatim(text)
    pairs = zip(labelled[::2], labelled[1::2], strict=True)
    return parts.reasons((label, _part(part)) for label, part in pairs)


def _part(text: str) -> list[str | Markup]:
    """The first line is a sentence; what follows is a body or a command, shown as it is."""
    sentence, _, rest = text.strip().partition("\n")
    return [sentence, parts.verbatim(rest)] if rest else [sentence]


def _checks(run: Run) -> Markup | None:
    if not run.checks:
        return None
    columns = ["Check", "Result", "Calls it made", parts.number_column("Latency")]
    table = parts.table(columns, map(_row, run.checks), labelled_by="checks")
    return parts.section("Checks", table, anchor="checks")


def _row(check: Check) -> Markup:
    """One check: a group of lines, one for each kind of call that it made."""
    result = parts.toned(TONES[check.outcome], check.outcome.capitalize())
    if check.outcome == "failed":
        result = element("a", result, href=f"#{_anchor(check)}")
    return parts.group([check.sentence, result], _calls(check.answers) or [("none", "")])


def _calls(answers: Sequence[Answer]) -> list[tuple[str, str]]:
    """Like calls in a row (the looks of a wait) become one line."""
    lines = []
    for (method, status), like in groupby(
        answers, key=lambda answer: (answer.method, answer.status)
    ):
        group = list(like)
        times = f" \u00d7 {len(group)}" if len(group) > 1 else ""
        came = "no answer" if status is None else str(status)
        lines.append((f"{method} {came}{times}", _span(a.milliseconds for a in group)))
    return lines


def _span(milliseconds: Iterable[float]) -> str:
    values = [round(value) for value in milliseconds]
    low, high = min(values), max(values)
    return f"{low} ms" if low == high else f"{low}\u2013{high} ms"


def _anchor(check: Check) -> str:
    return parts.identifier(f"check-{check.name}")
