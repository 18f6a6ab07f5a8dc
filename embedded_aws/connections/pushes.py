"""What a push to the played repository is, and who wants to know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Push:
    """What a push did to one ref: `branch` or `tag` is set, and the files that changed."""

    commit: str
    branch: str | None
    tag: str | None
    files: tuple[str, ...]


@dataclass(frozen=True)
class Effects:
    """What followed: (pipeline, execution id), and (pipeline, why it did not start)."""

    started: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)


class Follower(Protocol):
    """Acts on pushes to a connection's repository."""

    def __call__(self, connection: str, repository: str, push: Push, effects: Effects) -> None:
        """Starts what follows the push and adds it to `effects`. `connection` is an ARN."""


_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    """From now on `follower` is told of every push."""
    _followers.append(follower)


def followers() -> Iterator[Follower]:
    """All of them, in the order in which they came."""
    return iter(_followers)
