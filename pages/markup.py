"""Elements of HTML and SVG. A text is escaped unless an element made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

# The elements that have no end tag: HTML Standard, "Void elements".
_VOID: Final = frozenset({"br", "meta", "line", "rect"})

type Child = str | Markup | Iterable[Child] | None


class Markup(str):
    """Text that is markup already. Only this package makes one, out of escaped parts."""

    __slots__ = ()


def element(tag: str, *children: Child, **attributes: str | float | None) -> Markup:
    """One element. children: texts, elements, lists of them; None is left out.

    attributes: by name, `class_` for class and `_` for `-`; None leaves one out. A link may only
    lead to https: or within the page, whatever was handed in: any other becomes none.
    """
    named = ((_name(key), value) for key, value in attributes.items() if value is not None)
    safe = ((name, _address(str(v)) if name == "href" else str(v)) for name, v in named)
    given = "".join(f' {name}="{escape(value)}"' for name, value in safe)
    if tag in _VOID:
        return Markup(f"<{tag}{given}>" if tag in ("br", "meta") else f"<{tag}{given}/>")
    return Markup(f"<{tag}{given}>{join(children)}</{tag}>")


def join(children: Iterable[Child], separator: str = "") -> Markup:
    """Elements and texts one after the other, texts escaped."""
    return Markup(escape(separator).join(_parts(children)))


def _parts(children: Iterable[Child]) -> Iterator[str]:
    for child in children:
        if isinstance(child, Markup):
            yield str(child)
        elif isinstance(child, str):
            yield escape(child)
        elif child is not None:
            yield from _parts(child)


def _name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")


def _address(link: str) -> str:
    return link if link.startswith(("https://", "#")) else "#"
