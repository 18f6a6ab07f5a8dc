"""What a pipeline holds of the guards it was made from, and the command that compares."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from guards import comparison, patterns

# Of git itself, and never of a commit.
_OF_GIT: Final = "/.git"
# A word of letters and digits in apostrophes: nothing else in a command looks like it.
_HELD: Final = re.compile(r"'[A-Za-z0-9+/=]{80,}'")


def held(checkout: Path, globs: Iterable[str]) -> str:
    """What the pipeline made from `checkout` is to hold, in one word.

    What the checkout's `.gitignore` names is no part of a commit: installed tools, for one.
    """
    ignored = patterns.compiled([_OF_GIT, *_ignored(checkout)])
    guards = patterns.compiled(globs)
    files = comparison.digests(
        str(checkout),
        lambda path: comparison.guarded(path, guards),
        lambda path: comparison.guarded(path, ignored),
    )
    return comparison.packed(guards, files)


def _ignored(checkout: Path) -> list[str]:
    file = checkout / ".gitignore"
    return patterns.of_file(file.read_text(encoding="utf-8")) if file.is_file() else []


def commands(held_word: str) -> list[str]:
    """A build's commands: set `unchanged` and `changed`, and fail unless both are known.

    No file of the source tree is run or obeyed: isolated Python without site packages, and away
    from the tree, since pyenv reads a `.python-version` in the folder it is called from.
    """
    text = Path(comparison.__file__).read_text(encoding="utf-8")
    if "'" in text:
        raise ValueError(f"{comparison.__file__} holds an apostrophe, which would end it")
    run = f"python3 -I -S -c '{text}' \"$CODEBUILD_SRC_DIR\" '{held_word}'"
    return [
        f"said=$(cd / && {run})",
        "printf '%s\\n' \"$said\"",
        "export unchanged=$(printf '%s\\n' \"$said\" | sed -n 1p)",
        "export changed=$(printf '%s\\n' \"$said\" | sed -n 2p)",
        '[ "$unchanged" = true ] || [ "$unchanged" = false ]',
        '[ -n "$changed" ]',
    ]


def without_held(text: str) -> str:
    """A command as people review it: what it holds follows from the files, which they review."""
    return _HELD.sub("'<held>'", text)


def held_in(text: str) -> list[str]:
    """Every word in a text that may be what a pipeline holds."""
    return [found[1:-1] for found in _HELD.findall(text)]
