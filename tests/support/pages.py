"""Reads the commands of a page, so that a test can run what people are told to type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.support.synthesis import REPOSITORY

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """A page of docs/, by its path there."""

    path: str

    @property
    def text(self) -> str:
        return (REPOSITORY / "docs" / self.path).read_text()

    def section(self, heading: str) -> list[str]:
        """The fenced blocks below a heading, without its hashes, up to the next such heading."""
        parts = re.split(r"^#+ ", self.text, flags=re.MULTILINE)
        (found,) = (part for part in parts if part.partition("\n")[0] == heading)
        return _blocks(found)

    def commands(self) -> list[str]:
        """Every fenced command of the page."""
        return [command for block in _blocks(self.text) for command in commands(block)]


def _blocks(text: str) -> list[str]:
    """What is fenced and said to be in no other language: commands."""
    return [block for language, block in _FENCE.findall(text) if not language]


def commands(block: str) -> list[str]:
    """The commands of a block: without comments, continued lines joined, loops whole."""
    text = re.sub(r"\s+#[ \w].*$", "", block, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[str] = []
    depth = 0
    for line in filter(None, (" ".join(line.split()) for line in text.splitlines())):
        if depth:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
        depth += len(re.findall(r"\bdo\b", line)) - len(re.findall(r"\bdone\b", line))
    return found


def filled(command: str, **words: str) -> str:
    """The command with what stands for a reader's own values, such as REGION, filled in."""
    for word, value in words.items():
        command = re.sub(rf"\b{word}\b", value, command)
    return command
