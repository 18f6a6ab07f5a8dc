"""The kit of the pages: nothing from outside becomes markup, whole documents, whole files.

Proves that every text, attribute and link is escaped wherever it is put, that a document is well
formed, loads and runs nothing, and that a file is replaced in one step. Does not prove that it
looks good.
"""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages import parts
from pages.chart import Bar, bars, svg
from pages.files import replace
from pages.markup import Markup, element, join
from pages.page import Tone, page

HOSTILE = "</style><script>alert('x')</script>\"&"


class Document(HTMLParser):
    """The tags, attributes and text of a page as a browser takes them."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def whole(text: str) -> str:
    """A page that has `text` in every place that takes one."""
    return page(
        text,
        parts.facts([(text, text)], [(text, text)]),
        parts.section(text, parts.reasons([(text, text)]), parts.verbatim(text), anchor=text),
        parts.table([text], [parts.rows([(text, text)])], labelled_by=text),
        parts.table([text], [parts.group([text, text], [(text, text)])], labelled_by=text),
        parts.items([text, parts.toned(Tone.BAD, text)]),
        parts.folded(text, text),
        svg(text, [bars(text, [Bar(text, 1.0, text)])]),
        kind=text,
        tone=Tone.UNSURE,
        summary=text,
        footer=text,
    )


TAGS = [tag for tag, _ in Document(whole("harmless")).tags]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\0")))
def test_no_text_becomes_markup(text: str) -> None:
    shown = Document(whole(text))
    assert set(TAGS) >= {tag for tag, _ in shown.tags}
    assert shown.open == []
    assert text in shown.text


def test_hostile_text_is_shown_as_it_is() -> None:
    shown = whole(HOSTILE)
    assert "<script" not in shown
    assert [tag for tag, _ in Document(shown).tags] == TAGS


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "http://a", "//a", " #a"]
)
def test_a_link_leads_to_nothing_that_runs(link: str) -> None:
    assert element("a", "x", href=link) == '<a href="#">x</a>'


def test_a_link_leads_where_it_says() -> None:
    assert element("a", "x", href="https://a/?b&c") == '<a href="https://a/?b&amp;c">x</a>'
    assert element("a", "x", href="#part") == '<a href="#part">x</a>'


def test_an_attribute_cannot_be_left() -> None:
    assert Document(element("p", "x", title='"><script>')).tags == [("p", {"title": '"><script>'})]


def test_joining_escapes_texts_and_keeps_elements() -> None:
    joined = join([element("b", "<"), None, ["&", element("i")]], ", ")
    assert joined == "<b>&lt;</b>, &amp;, <i></i>"
    assert isinstance(joined, Markup)


def test_a_page_loads_and_runs_nothing() -> None:
    shown = whole("x")
    tags = Document(shown).tags
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in tags)
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    assert "default-src &#x27;none&#x27;" in shown
    assert "@import" not in shown
    assert "url(" not in shown
    assert all(attrs.get("scope") for tag, attrs in tags if tag == "th")


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "made" / "page.html"
    replace(target, "one")
    with target.open() as reader:
        replace(target, "two, which is longer")
        assert reader.read() == "one"
    assert target.read_text() == "two, which is longer"
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_bars_are_as_long_as_their_values() -> None:
    months = [Bar("2026-10", 4.0, "4"), Bar("2026-11", 2.0, "2")]
    chart = Document(svg("Figures", [bars("Deployments", months)]))
    widths = [float(a["width"] or 0) for tag, a in chart.tags if tag == "rect"]
    assert widths[0] == 2 * widths[1] > 0
    assert "Deployments" in chart.text


def test_bars_of_nothing_have_no_length() -> None:
    months = [Bar("2026-10", 0.0, "0"), Bar("2026-11", None, "none")]
    chart = Document(svg("Figures", [bars("Deployments", months)]))
    assert [a["width"] for tag, a in chart.tags if tag == "rect"] == ["0"]
