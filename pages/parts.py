"""What stands on pages: sections, facts, tables, verbatim text, what one may unfold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pages.markup import Child, Markup, element
from pages.page import Tone


def section(heading: str, *content: Child, anchor: str | None = None) -> Markup:
    """A part of the page with its heading. anchor: what links of the page lead to."""
    title = element("h2", heading, id=identifier(anchor) if anchor else None)
    return element("section", title, content)


def facts(short: Iterable[tuple[str, Child]], wide: Iterable[tuple[str, Child]] = ()) -> Markup:
    """Names with their values. wide: those that take a line each, as addresses do."""
    rows = [_fact(name, value, "short") for name, value in short]
    rows += [_fact(name, value, "long") for name, value in wide]
    return element("section", element("dl", rows, class_="facts"), aria_label="Facts")


def _fact(name: str, value: Child, kind: str) -> Markup:
    return element("div", element("dt", name), element("dd", value), class_=kind)


def reasons(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Labelled parts of one explanation, such as "Expected" and "Got"."""
    rows = [(element("dt", label), element("dd", text)) for label, text in pairs]
    return element("dl", rows, class_="why")


def verbatim(text: str) -> Markup:
    """A text as it is: a traceback, a body, a difference."""
    return element("pre", text)


def toned(tone: Tone, text: Child) -> Markup:
    """A word of a verdict, in its tone."""
    return element("span", text, class_=tone.value)


def items(entries: Iterable[Child]) -> Markup:
    """A list."""
    return element("ul", [element("li", entry) for entry in entries])


def folded(summary: Child, *content: Child) -> Markup:
    """What only those see who ask for it; no script is needed for that."""
    return element("details", element("summary", summary), content)


def identifier(text: str) -> str:
    """An id without spaces, which HTML does not allow in one."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)


def table(columns: Sequence[str | Markup], groups: Iterable[Markup], *, labelled_by: str) -> Markup:
    """A table that scrolls by itself where the screen is narrow. groups: from `rows` or `group`.

    labelled_by: the anchor of the section that it stands in.
    """
    heads = [
        column if isinstance(column, Markup) else element("th", column, scope="col")
        for column in columns
    ]
    body = element("table", element("thead", element("tr", heads)), groups)
    region = {"role": "region", "aria_labelledby": identifier(labelled_by), "tabindex": "0"}
    return element("div", body, class_="wide", **region)


def number_column(name: str) -> Markup:
    """The head of a column of numbers, which stand at the right."""
    return element("th", name, scope="col", class_="number")


def rows(lines: Iterable[Sequence[Child]]) -> Markup:
    """Lines of a table; the first cell is the line's head. Texts wrap."""
    return element(
        "tbody",
        [
            element(
                "tr",
                element("th", first, scope="row"),
                [element("td", cell, class_="text") for cell in rest],
            )
            for first, *rest in lines
        ],
        class_="lines",
    )


def group(head: Sequence[Child], lines: Sequence[Sequence[Child]]) -> Markup:
    """Lines that have their first cells in common, the first of which is their head.

    The last cell of a line is a number.
    """
    span = len(lines)
    first, *others = head
    common = [
        element("th", first, scope="rowgroup", rowspan=span),
        *(element("td", each, rowspan=span) for each in others),
    ]
    cells = [
        [*(element("td", each, class_="call") for each in line[:-1]), number(line[-1])]
        for line in lines
    ]
    return element("tbody", element("tr", common, cells[0]), [element("tr", c) for c in cells[1:]])


def number(value: Child) -> Markup:
    """A cell with a number."""
    return element("td", value, class_="number")
