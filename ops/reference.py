"""docs/ops.md, from the help texts: `python -m ops.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ops.__main__ import parsers

PAGE: Final = Path(__file__).parents[1] / "docs" / "ops.md"
_INTRODUCTION: Final = """\
# Operating a delivery

The reference of `python -m ops`: its help texts, written here by `python -m ops.reference`.

In a rehearsal, `eval "$(scripts/rehearsal env tools)"` points the shell at it first;
`scripts/rehearsal status`, `logs`, `approve` and `reject` are the same commands, pointed there by
themselves. At AWS, take credentials of the tools account for commands about the pipeline, and of
the environment's account for `drift` and `redrive`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_parts()])


def _parts() -> Iterator[str]:
    top, commands = parsers()
    yield f"```text\n{top.format_help()}```\n"
    for name, command in commands.items():
        yield f"## {name}\n\n```text\n{command.format_help()}```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
