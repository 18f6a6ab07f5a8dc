"""A whole page: one self-contained document, readable on a phone, in the dark and on paper."""

from __future__ import annotations

from enum import StrEnum
from html import escape
from pathlib import Path
from typing import Final

from pages.markup import Child, Markup, element, join

STYLE: Final = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
# Nothing may be loaded or run, even if something unescaped slipped in.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


class Tone(StrEnum):
    """How a verdict looks; never by colour alone: what it says stands in its words."""

    GOOD = "pass"
    BAD = "fail"
    UNSURE = "unsure"
    PLAIN = "plain"


def page(
    title: str, *body: Child, kind: str, tone: Tone, summary: Child = None, footer: Child = None
) -> str:
    """The document. title: the verdict, and the window's title; kind: what sort of page it is."""
    header = element(
        "header",
        element("p", kind, class_="kind"),
        element("h1", title),
        element("p", summary, class_="summary") if summary else None,
        class_=tone.value,
    )
    main = element("main", join([header, body, element("footer", footer) if footer else None]))
    return (
        '<!doctype html>\n<html lang="en">\n'
        f"{_head(title)}\n{element('body', Markup(chr(10)), main)}\n</html>\n"
    )


def _head(title: str) -> Markup:
    return Markup(
        f"""<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
{STYLE}</style>
</head>"""
    )
