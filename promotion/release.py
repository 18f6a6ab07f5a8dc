"""Which release it is: a digest over commit, templates and assets, and a name to remember it by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Files of a cloud assembly that say nothing of what is deployed: traces, the tree, and what names
# the machine that synthesized.
_LEFT_OUT: Final = ("tree.json", ".metadata.json", "validation-report.json")

_HOW: Final = (
    *("amber", "bold", "brave", "bright", "brisk", "calm", "clear", "clever"),
    *("cosy", "crisp", "daring", "deep", "early", "eager", "fair", "fast"),
    *("fine", "firm", "fond", "fresh", "gentle", "glad", "golden", "grand"),
    *("green", "happy", "hardy", "honest", "humble", "jolly", "keen", "kind"),
    *("late", "light", "lively", "lucky", "merry", "mild", "neat", "noble"),
    *("patient", "plain", "polite", "proud", "quick", "quiet", "rapid", "ready"),
    *("rosy", "round", "silent", "silver", "sleek", "smart", "snug", "solid"),
    *("steady", "sturdy", "sunny", "swift", "tidy", "warm", "wise", "young"),
)
_WHO: Final = (
    *("badger", "bear", "beaver", "bee", "bison", "cat", "crane", "crow"),
    *("deer", "dolphin", "dove", "duck", "eagle", "eel", "elk", "falcon"),
    *("ferret", "finch", "fox", "frog", "goat", "goose", "hare", "hawk"),
    *("hedgehog", "heron", "horse", "ibis", "jay", "kite", "koala", "lark"),
    *("lemur", "lion", "lizard", "llama", "lynx", "magpie", "mole", "moose"),
    *("newt", "otter", "owl", "panda", "pike", "plover", "puffin", "rabbit"),
    *("raven", "robin", "salmon", "seal", "sheep", "shrew", "sparrow", "squirrel"),
    *("stoat", "stork", "swan", "toad", "trout", "turtle", "weasel", "wren"),
)


@dataclass(frozen=True)
class Release:
    """commit: what it was made from. digest: of everything that would be deployed, hexadecimal."""

    commit: str
    digest: str

    @property
    def name(self) -> str:
        """Two words, to say over a desk; one of 4,096, so the digest is what counts."""
        number = int(self.digest[:8], 16)
        how, who = _HOW[number % len(_HOW)], _WHO[number // len(_HOW) % len(_WHO)]
        return f"{how}-{who}"


def of_assembly(directory: Path, commit: str) -> Release:
    """The release in a cloud assembly: every file of it counts by its name and content."""
    digest = hashlib.sha256(commit.encode())
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        name = path.relative_to(directory).as_posix()
        if not name.endswith(_LEFT_OUT):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\n{name} {content}".encode())
    return Release(commit, digest.hexdigest())
