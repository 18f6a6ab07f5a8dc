"""What a person has to have read: texts of what is synthesized, committed, compared by the gates.

`delivery.txt` says what the pipeline and its account consist of, `environment.txt` and those of its
nested stacks what every environment does, `<name>.txt` what that one has otherwise, `smoke.txt`
what an environment must have passed. Application code changes none of them. A text is made of
blocks, a title and lines each, so that a difference reads as a change of one resource or action.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from gates.delivery import REVIEWED, Delivery
from gates.registry import rule
from gates.reviewed import environments, pipeline, smoke
from gates.reviewed.blocks import blocks_in, changes

ACCEPT: Final = "make accept"
# The one that waits for a process first: the others are rendered meanwhile.
RENDERERS: Final = (smoke.texts, pipeline.texts, environments.texts)


@rule(
    "TAP-701",
    why="what would be deployed, or how, is not what a person reviewed",
    fix=f"take the change back, or run `{ACCEPT}`, read the difference and commit it with the "
    "change",
)
def everything_was_reviewed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    texts = render(delivery)
    for name in sorted({*texts, *delivery.reviewed}):
        yield from differences(name, delivery.reviewed.get(name, ""), texts.get(name, ""))


def render(delivery: Delivery) -> dict[str, str]:
    """Every text as it would be now, by the name of its file."""
    with ThreadPoolExecutor(len(RENDERERS)) as pool:
        rendered = pool.map(lambda texts: texts(delivery), RENDERERS)
    return {name: text for texts in rendered for name, text in texts.items()}


def differences(name: str, reviewed: str, now: str) -> Iterator[tuple[str, str]]:
    """File and title of each block that differs, with its lines that came (+) and went (-)."""
    before, after = blocks_in(reviewed), blocks_in(now)
    for title in [*before, *(each for each in after if each not in before)]:
        changed = changes(before.get(title, []), after.get(title, []))
        if (title in before) != (title in after):
            changed.insert(0, "is new" if title in after else "is gone")
        if changed:
            yield f"{REVIEWED}/{name}, {title}", "\n".join(changed)
    if bool(reviewed) != bool(now) and not {**before, **after}:
        yield f"{REVIEWED}/{name}", "is new" if now else "is gone"


def write(delivery: Delivery) -> list[Path]:
    """Writes every reviewed text anew, and removes those of what is no more.

    Changes nothing when one of them cannot be made.
    """
    texts = render(delivery)
    folder = delivery.checkout / REVIEWED
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.txt"):
        if stale.name not in texts:
            stale.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]
