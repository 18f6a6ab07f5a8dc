"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Worst first. `WRONG` fails the deployment; `UNSEEN` may, and could not be looked at."""

    WRONG = "wrong"
    UNSEEN = "could not see"
    NOTE = "note"
    FINE = "fine"


@dataclass(frozen=True)
class Finding:
    """text: what was seen. remedy: what to do about it, empty where nothing is to be done."""

    status: Status
    text: str
    remedy: str = ""


def wrong(text: str, remedy: str) -> Finding:
    """The deployment would fail."""
    return Finding(Status.WRONG, text, remedy)


def note(text: str, remedy: str = "") -> Finding:
    """Nothing fails of it, and somebody should know."""
    return Finding(Status.NOTE, text, remedy)


def fine(text: str) -> Finding:
    """As it has to be."""
    return Finding(Status.FINE, text)


def unseen(text: str, remedy: str = "") -> Finding:
    """Nobody could look."""
    return Finding(Status.UNSEEN, text, remedy)
