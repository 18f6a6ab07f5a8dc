"""One run as one self-contained HTML page: no script, no font, image or style from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby, starmap
from pathlib import Path

from integ.client import Answer
from integ.results import Check, Outcome, Run

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
# Nothing may be loaded or run, even if something unescaped slipped in.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# The parts of a failure's text, as integ/expectations.py and integ/credentials.py write it.
LABEL = re.compile(r"^(Expected|Got|Look next): ", re.MULTILINE)
OUTCOME_CLASSES: dict[Outcome, str] = {"passed": "pass", "failed": "fail", "not run": "fail"}


def render(run: Run) -> str:
    """The whole document. Every value that is not written here is escaped."""
    verdict = _verdict(run)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(verdict)}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
<header class="{"pass" if run.passed else "fail"}">
<p class="kind">Smoke tests</p>
<h1>{escape(verdict)}</h1>
<p class="summary">{escape(_summary(run))}</p>
</header>
{_facts(run)}
{_stopped(run)}
{_failures(run)}
{_checks(run)}
<footer>
<p>A latency is one call as its caller sees it, from the build: connection, API and function.
No call is repeated when it fails. Times are UTC.</p>
</footer>
</main>
</body>
</html>
"""


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
    parts = [f"{number} of {_counted(total, 'check')} {what}." for number, what in counts if number]
    if not total:
        parts = ["No check ran, and that is never a pass."]
    elif not parts:
        parts = [f"{_all(total)} passed in {run.seconds:.1f} s."]
    if run.left_out:
        parts.append(f"{_counted(run.left_out, 'check')} left out by choice.")
    return " ".join(parts)


def _all(total: int) -> str:
    return "The only check" if total == 1 else f"All {total} checks"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _facts(run: Run) -> str:
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
    rows = "\n".join([*starmap(_fact, facts), *(_fact(*each, kind="long") for each in wide)])
    return f'<section aria-label="Facts">\n<dl>\n{rows}\n</dl>\n</section>'


def _fact(name: str, value: str, kind: str = "short") -> str:
    return f'<div class="{kind}"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>'


def _stopped(run: Run) -> str:
    """What kept checks from running: each reason once, not once a check."""
    reasons = [run.settings_problem, *run.problems]
    reasons += [check.failure for check in run.checks if check.outcome == "not run"]
    texts = [_explained(reason) for reason in dict.fromkeys(filter(None, reasons))]
    if not texts:
        return ""
    return _section("stopped", "What stopped the run", texts)


def _failures(run: Run) -> str:
    failed = [check for check in run.checks if check.outcome == "failed"]
    if not failed:
        return ""
    return _section("failed", "What failed", [_failure(check) for check in failed])


def _failure(check: Check) -> str:
    sentence, name = escape(check.sentence), escape(check.name)
    return (
        f'<article id="{_anchor(check)}">\n<h3>{sentence}</h3>\n'
        f'<p class="name">{name}</p>\n{_explained(check.failure)}\n</article>'
    )


def _explained(text: str) -> str:
    """Labelled parts as a list of them; a text without labels (a traceback) as it is."""
    before, *parts = LABEL.split(text)
    if before.strip() or not parts:
        return f"<pre>{escape(text)}</pre>"
    pairs = zip(parts[::2], parts[1::2], strict=True)
    rows = "\n".join(f"<dt>{label}</dt><dd>{_part(part)}</dd>" for label, part in pairs)
    return f'<dl class="why">\n{rows}\n</dl>'


def _part(text: str) -> str:
    """The first line is a sentence; what follows is a body or a command, shown as it is."""
    sentence, _, verbatim = text.strip().partition("\n")
    return escape(sentence) + (f"<pre>{escape(verbatim)}</pre>" if verbatim else "")


def _checks(run: Run) -> str:
    if not run.checks:
        return ""
    rows = "\n".join(_row(check) for check in run.checks)
    table = f"""<div class="wide" role="region" aria-labelledby="checks" tabindex="0">
<table>
<thead><tr>
<th scope="col">Check</th><th scope="col">Result</th>
<th scope="col">Calls it made</th><th scope="col" class="number">Latency</th>
</tr></thead>
{rows}
</table>
</div>"""
    return _section("checks", "Checks", [table])


def _row(check: Check) -> str:
    """One check: a group of rows, one for each kind of call that it made."""
    calls = _calls(check.answers) or [("none", "")]
    result = f'<span class="{OUTCOME_CLASSES[check.outcome]}">{check.outcome.capitalize()}</span>'
    if check.outcome == "failed":
        result = f'<a href="#{_anchor(check)}">{result}</a>'
    span = len(calls)
    head = (
        f'<th scope="rowgroup" rowspan="{span}">{escape(check.sentence)}</th>'
        f'<td rowspan="{span}">{result}</td>'
    )
    cells = [
        f'<td class="call">{escape(call)}</td><td class="number">{escape(latency)}</td>'
        for call, latency in calls
    ]
    lines = [f"<tr>{head}{cells[0]}</tr>", *(f"<tr>{cell}</tr>" for cell in cells[1:])]
    return "<tbody>\n" + "\n".join(lines) + "\n</tbody>"


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
    """An id without spaces, which HTML does not allow in one."""
    return "check-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in check.name)


def _section(anchor: str, heading: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return f'<section>\n<h2 id="{anchor}">{heading}</h2>\n{body}\n</section>'
