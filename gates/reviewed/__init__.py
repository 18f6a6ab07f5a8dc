"""What a person has to have read: texts of what is synthesized, committed, compared by the gates.

`permissions.txt` says who may do what, `delivery.txt` what the pipeline consists of, `smoke.txt`
what an environment must have passed. A text is made of blocks, a title and lines each, so that a
difference reads as a change of one role or one action.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gates.delivery import REVIEWED, Delivery
from gates.registry import rule
from gates.reviewed import permissions, pipeline, smoke

ACCEPT: Final = "make accept"
RENDERERS: Final[dict[str, Callable[[Delivery], str]]] = {
    "permissions.txt": permissions.render,
    "delivery.txt": pipeline.render,
    "smoke.txt": smoke.render,
}
_FIX: Final = f"take the change back, or run `{ACCEPT}` and have the difference reviewed"


@rule(
    "TAP-701",
    why="who may do what is not as in gates/reviewed/permissions.txt, which a person reviewed",
    fix=_FIX,
)
def permissions_were_reviewed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    yield from differences(delivery, "permissions.txt")


@rule(
    "TAP-702",
    why="the pipeline is not as in gates/reviewed/delivery.txt, which a person reviewed",
    fix=_FIX,
)
def delivery_was_reviewed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    yield from differences(delivery, "delivery.txt")


@rule(
    "TAP-703",
    why="the checks that an environment must pass are not as in gates/reviewed/smoke.txt, which a "
    "person reviewed",
    fix=_FIX,
)
def checks_were_reviewed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    yield from differences(delivery, "smoke.txt")


def differences(delivery: Delivery, name: str) -> Iterator[tuple[str, str]]:
    """The title of each block that differs, with its lines that came (+) and went (-)."""
    reviewed, found = _blocks(delivery.reviewed.get(name, "")), _blocks(RENDERERS[name](delivery))
    for title in [*reviewed, *(each for each in found if each not in reviewed)]:
        diff = difflib.ndiff(reviewed.get(title, []), found.get(title, []))
        changed = [line.rstrip() for line in diff if line[0] in "+-"]
        if (title in reviewed) != (title in found):
            changed.insert(0, "is new" if title in found else "is gone")
        if changed:
            yield title, "\n".join(changed)


def _blocks(text: str) -> dict[str, list[str]]:
    """The lines of each block by its title; the text's own head is none."""
    found: dict[str, list[str]] = {}
    for block in text.split("\n\n")[1:]:
        title, *lines = block.splitlines()
        found.setdefault(title, []).extend(lines)
    return found


def write(delivery: Delivery) -> list[Path]:
    """Writes every reviewed text anew; none when one of them cannot be made."""
    texts = {name: render(delivery) for name, render in RENDERERS.items()}
    paths = []
    for name, text in texts.items():
        path = delivery.checkout / REVIEWED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths.append(path)
    return paths
