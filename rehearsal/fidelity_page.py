"""The fidelity table as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pages import parts
from pages.markup import Markup, element
from pages.page import Tone, page
from rehearsal.fidelity import Row, Status

_INTRODUCTION = {
    Status.EXERCISED: "It happened in this run, and succeeded; what shows it is named.",
    Status.TESTED: "A test of the repository runs it on the embedded AWS; this run did not.",
    Status.CHECKED_STATICALLY: "A test reads templates or code for it; nothing here runs it.",
    Status.NOT_EXERCISED: "Nothing here shows it: at AWS it may still surprise you.",
}


def fidelity_page(table: Sequence[Row], commit: str) -> str:
    """The whole table as HTML, by status and group; `commit` is what was rehearsed."""
    counts = {status: sum(row.status is status for row in table) for status in Status}
    return page(
        f"What the rehearsal of {commit[:12]} proved",
        [_section(table, status) for status in Status],
        kind="Rehearsal",
        tone=Tone.PLAIN,
        summary=", ".join(f"{count} {status}" for status, count in counts.items()),
    )


def _section(table: Sequence[Row], status: Status) -> Markup:
    rows = [row for row in table if row.status is status]
    heading = f"{status.capitalize()}: {len(rows)} of {len(table)}"
    return parts.section(heading, element("p", _INTRODUCTION[status]), _groups(rows))


def _groups(rows: Sequence[Row]) -> Iterator[Markup]:
    for group in dict.fromkeys(row.group for row in rows):
        anchor = f"{rows[0].status}-{group}"
        yield element("h3", f"Behaviours {group}", id=parts.identifier(anchor))
        lines = parts.rows((row.behaviour, row.evidence) for row in rows if row.group == group)
        yield parts.table(["Behaviour", "Because"], [lines], labelled_by=anchor)
