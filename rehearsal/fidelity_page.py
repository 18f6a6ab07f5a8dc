"""The fidelity table as a page for people: one file, nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from rehearsal.fidelity import Row, Status

_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the rehearsal proved</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid #8884; }
:root { color-scheme: light dark; }
</style>
"""
_INTRODUCTION = {
    Status.EXERCISED: "It happened in this run, and succeeded; what shows it is named.",
    Status.TESTED: "A test of the repository runs it on the embedded AWS; this run did not.",
    Status.CHECKED_STATICALLY: "A test reads templates or code for it; nothing here runs it.",
    Status.NOT_EXERCISED: "Nothing here shows it: at AWS it may still surprise you.",
}


def page(table: Sequence[Row], commit: str) -> str:
    """The whole table as HTML, by status and group; `commit` is what was rehearsed."""
    return _HEAD + "\n".join(_body(table, commit)) + "\n</html>\n"


def _body(table: Sequence[Row], commit: str) -> Iterator[str]:
    yield f"<h1>What the rehearsal of {escape(commit[:12])} proved</h1>"
    for status in Status:
        rows = [row for row in table if row.status is status]
        yield f"<h2>{escape(status.capitalize())}: {len(rows)} of {len(table)}</h2>"
        yield f"<p>{escape(_INTRODUCTION[status])}</p>"
        for group in dict.fromkeys(row.group for row in rows):
            yield f"<h3>Behaviours {escape(group)}</h3>"
            yield "<table><tr><th>Behaviour<th>Because"
            yield from (
                f"<tr><td>{escape(row.behaviour)}<td>{escape(row.evidence)}"
                for row in rows
                if row.group == group
            )
            yield "</table>"
