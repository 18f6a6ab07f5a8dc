"""Bars as SVG: a handful of them needs no script in the browser, and no library here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pages.markup import Markup, element

_LINE: Final = 26
_LEFT: Final = 90
_LONGEST: Final = 330
_WIDTH: Final = 560
# Readable on white and on black, with or without a page's style around it.
_COLOUR: Final = "#80868d"
_TEXT: Final[dict[str, str | float]] = {"font_size": 14, "font_family": "system-ui, sans-serif"}


@dataclass(frozen=True)
class Bar:
    """label: at its left; text: its value in words, at its right. value: None for unknown."""

    label: str
    value: float | None
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing of `height` pixels, as wide as all of them."""

    title: str
    height: int
    content: tuple[Markup, ...]


def bars(title: str, values: Sequence[Bar]) -> Chart:
    """One line a bar; the longest bar is the greatest value."""
    most = max((bar.value or 0.0 for bar in values), default=0.0)
    heading = element("text", title, x=0, y=_LINE - 9, font_weight="bold", **_TEXT)
    lines = [_line(bar, number, most) for number, bar in enumerate(values, start=1)]
    content = (heading, *(part for line in lines for part in line))
    return Chart(title, _LINE * (len(values) + 1) + 6, content)


def svg(title: str, charts: Sequence[Chart]) -> Markup:
    """One drawing with the charts below each other. It stands by itself, and in a page."""
    tops = [sum(chart.height for chart in charts[:number]) for number in range(len(charts))]
    height = sum(chart.height for chart in charts)
    return element(
        "svg",
        element("title", title),
        [
            element("g", chart.content, transform=f"translate(0 {top})")
            for chart, top in zip(charts, tops, strict=True)
        ],
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        viewBox=f"0 0 {_WIDTH} {height}",
        width=_WIDTH,
        height=height,
    )


def _line(bar: Bar, number: int, most: float) -> list[Markup]:
    top = _LINE * number
    base = top + _LINE - 9
    length = 0 if bar.value is None or not most else round(_LONGEST * bar.value / most, 1)
    drawn = element("rect", x=_LEFT, y=top + 4, width=length, height=_LINE - 8, fill=_COLOUR)
    return [
        element("text", bar.label, x=0, y=base, **_TEXT),
        *([] if bar.value is None else [drawn]),
        element("text", bar.text, x=_LEFT + length + 8, y=base, **_TEXT),
    ]
