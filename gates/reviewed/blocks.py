"""The form of a reviewed text: blocks of a title and lines each, so that a difference is of one.

Requests/Bucket: AWS::S3::Bucket
  BucketName     tap-<environment>-bucket-<account>-us-west-2
  DeletionPolicy Delete
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

Blocks = dict[str, list[str]]
Line = tuple[str, Any]
_COLUMN: Final = 14
# What tells the entries of a list apart, in CloudFormation's own words.
_LABELS: Final = (
    "Name",
    "Id",
    "Key",
    "IndexName",
    "AttributeName",
    "Sid",
    "ResourcePath",
    "Region",
)


def text_of(header: str, blocks: Blocks) -> str:
    """The text, ending in a newline."""
    written = (
        f"\n{title}\n" + "".join(f"  {line}\n" for line in lines) for title, lines in blocks.items()
    )
    return header + "".join(written)


def blocks_in(text: str) -> Blocks:
    """The blocks of a text; its head is none."""
    found: Blocks = {}
    for block in filter(str.strip, text.split("\n\n")[1:]):
        title, *lines = block.splitlines()
        found.setdefault(title, []).extend(line[2:] for line in lines)
    return found


def added(blocks: Blocks, title: str, lines: Iterable[str]) -> None:
    """Puts lines into the block of this title; one line at least, or nobody would see it."""
    blocks.setdefault(title, []).extend(lines)


def changes(before: list[str], after: list[str]) -> list[str]:
    """The lines that came (+) and went (-)."""
    return [line.rstrip() for line in difflib.ndiff(before, after) if line[0] in "+-"]


def lines_of(found: Iterable[Line]) -> list[str]:
    """Each pair as a line."""
    return [f"{key:<{_COLUMN}} {shown(value)}".rstrip() for key, value in found]


def shown(value: Any) -> str:
    """A value on one line: an empty line would begin a block of its own."""
    text = json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value)
    return text.replace("\n", "\\n")


def flat(value: Any, path: str = "") -> Iterator[Line]:
    """A line for each value in a structure, with the path to it.

    An entry of a list is called by what tells it apart; where nothing does, it is one line. A text
    that is JSON, such as the definition of a workflow, is read as such.
    """
    if isinstance(value, str) and value.startswith("{") and isinstance(inner := _json(value), dict):
        yield from flat(inner, path)
    elif isinstance(value, dict) and value:
        for key, each in value.items():
            yield from flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        yield from _entries(value, path)
    elif path:
        yield path, value


def _entries(entries: list[Any], path: str) -> Iterator[Line]:
    label = _label(entries)
    if label is None and len(entries) == 1 and isinstance(entries[0], dict):
        yield from flat(entries[0], f"{path}[]")
        return
    for each in entries:
        if label:
            rest = {key: inner for key, inner in each.items() if key != label}
            yield from flat(rest or "", f"{path}[{each[label]}]")
        else:
            yield path, each


def _label(entries: list[Any]) -> str | None:
    """The key by which every entry has another text."""
    if not all(isinstance(each, dict) for each in entries):
        return None
    for label in _LABELS:
        named = [each.get(label) for each in entries]
        if all(isinstance(name, str) for name in named) and len(set(named)) == len(named):
            return label
    return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
