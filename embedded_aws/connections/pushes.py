"""What a push to the played repository is, and who wants to know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from embedded_aws.connections.played import Source


@dataclass(frozen=True)
class Push:
    """What a push did to one ref: `branch` or `tag` is set, and the files that changed.

    `created` says that the ref is new.
    """

    commit: str
    branch: str | None
    tag: str | None
    files: tuple[str, ...]
    created: bool = False


@dataclass(frozen=True)
class Effects:
    """What followed: (pipeline, execution id), and (pipeline, why it did not start)."""

    started: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)


class Follower(Protocol):
    """Acts on pushes to the played source."""

    def __call__(self, source: Source, push: Push, effects: Effects) -> None:
        """Starts what follows the push and adds it to `effects`."""


_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    """From now on `follower` is told of every push, when the source has it."""
    _followers.append(follower)


def followers() -> Iterator[Follower]:
    """All of them, in the order in which they came."""
    return iter(_followers)
