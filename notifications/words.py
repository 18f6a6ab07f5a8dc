"""Every word that a person gets on a phone: what happened to what, what to do, one link.

Whatever others wrote is hostile: a commit's message, a reason, the name of a check. It is one line,
cut, without anything that a mail program or a chat makes a link or a command of; so the one link
of a message is ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

# "Publish", Amazon SNS API Reference: a subject is ASCII, below 100 characters, on one line.
SUBJECT_CHARACTERS: Final = 99
_QUOTED: Final = 80
_REASON: Final = 300
_LISTED: Final = 5
# What mail programs and chats make a link of by themselves, and how people write it so that they
# do not: example[.]com.
_DOT: Final = re.compile(r"\.(?=\w)")
_SCHEME: Final = re.compile(r":(?=//)")
_CHAT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKS: Final = re.compile(r"[*_~`@#\[\]]")


@dataclass(frozen=True)
class Release:
    """What is delivered: a commit and its message, both empty where they are not known."""

    commit: str = ""
    message: str = ""

    def __str__(self) -> str:
        if not self.commit:
            return "a release of an unknown commit"
        subject = quoted(self.message.partition("\n")[0], _QUOTED)
        return f"{self.commit[:8]} “{subject}”" if subject else self.commit[:8]


@dataclass(frozen=True)
class Failure:
    """An action that failed: `Stage/Action`, the checks that did, and what it said."""

    where: str
    checks: Sequence[str] = ()
    said: str = ""


@dataclass(frozen=True)
class Notice:
    """One message. thread: what messages of one delivery have in common, or ""."""

    headline: str
    details: tuple[str, ...]
    todo: str
    link: str
    thread: str = ""

    @property
    def subject(self) -> str:
        """The headline, as far as a subject may have it."""
        ascii_only = self.headline.replace("“", '"').replace("”", '"')
        told = ascii_only.encode("ascii", "replace").decode()
        return told if len(told) <= SUBJECT_CHARACTERS else told[: SUBJECT_CHARACTERS - 3] + "..."

    @property
    def text(self) -> str:
        """As an e-mail has it."""
        return "\n".join([self.headline, *self.details, self.todo, self.link])

    @property
    def chat(self) -> dict[str, Any]:
        """As Amazon Q Developer takes it and shows it in Slack or Teams.

        Source: "Custom notifications", Amazon Q Developer in chat applications administrator
        guide.
        """
        lines = [*map(_unmarked, (*self.details, self.todo)), self.link]
        return {
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": _unmarked(self.headline),
                "description": "\n".join(lines),
            },
            **({"metadata": {"threadId": self.thread}} if self.thread else {}),
        }


def approval_needed(release: Release, where: str, question: str, link: str, thread: str) -> Notice:
    """An approval waits. question: what the pipeline asks."""
    return Notice(
        headline=f"APPROVAL NEEDED: {release} waits at {where}",
        details=_some(quoted(question, _REASON)),
        todo="Read what it would change, then approve or reject it there or by `python -m ops`.",
        link=link,
        thread=thread,
    )


def failed(release: Release, failure: Failure, link: str, thread: str) -> Notice:
    """A delivery ended early."""
    return Notice(
        headline=f"FAILED: {release} at {failure.where}",
        details=(*_checks(failure.checks), *_some(quoted(failure.said, _REASON))),
        todo="Nothing after that ran. Mend it and push, or retry the stage if the cause is gone.",
        link=link,
        thread=thread,
    )


def refused(release: Release, where: str, said: str, link: str, thread: str) -> Notice:
    """An approval was rejected, or nobody answered it in time."""
    return Notice(
        headline=f"NOT APPROVED: {release} at {where}",
        details=_some(quoted(said, _REASON)),
        todo="What runs stays as it is. Ask whoever decided, then push what is agreed.",
        link=link,
        thread=thread,
    )


def kept_out(release: Release, stage: str, link: str, thread: str) -> Notice:
    """The build that a stage asks at its entry said no."""
    return Notice(
        headline=f"NOT LET IN: {release} did not enter {stage}",
        details=("Nothing was deployed there: what runs stays as it is.",),
        todo="The build's log says why, and what to do: lift the hold and retry, or start the "
        "newest commit again, for another page and another answer.",
        link=link,
        thread=thread,
    )


def succeeded(release: Release, environment: str, link: str, thread: str) -> Notice:
    """The last environment serves the release."""
    return Notice(
        headline=f"DELIVERED: {release} serves {environment}",
        details=(),
        todo="Nothing to do.",
        link=link,
        thread=thread,
    )


def rolled_back(release: Release, stages: Sequence[str], link: str, thread: str) -> Notice:
    """A stage went back to `release`."""
    return Notice(
        headline=f"ROLLED BACK: {' and '.join(stages) or 'a stage'} serves {release} again",
        details=("The release that came after it was taken back; nothing else is let in.",),
        todo="Find out why, then let releases in again: `python -m ops lift`.",
        link=link,
        thread=thread,
    )


def not_rolled_back(release: Release, failure: Failure, link: str, thread: str) -> Notice:
    """Going back failed as well."""
    return Notice(
        headline=f"ROLLBACK FAILED: {failure.where} did not go back to {release}",
        details=(*_checks(failure.checks), *_some(quoted(failure.said, _REASON))),
        todo="Look at once: what runs there may be in part the one and in part the other.",
        link=link,
        thread=thread,
    )


def held(stage: str, by: str, reason: str, link: str) -> Notice:
    """Nothing enters a stage until somebody lifts the hold."""
    return Notice(
        headline=f"HELD: nothing enters {quoted(stage, _QUOTED)} until the hold is lifted",
        details=(*_some(_by(by)), *_some(quoted(reason, _REASON))),
        todo="When the cause is gone: `python -m ops lift`.",
        link=link,
    )


def lifted(stage: str, by: str, reason: str, link: str) -> Notice:
    """Deliveries go on."""
    return Notice(
        headline=f"HOLD LIFTED: releases enter {quoted(stage, _QUOTED)} again",
        details=(*_some(_by(by)), *_some(quoted(reason, _REASON))),
        todo="Nothing to do.",
        link=link,
    )


def drifted(environment: str, differences: Sequence[str], link: str) -> Notice:
    """Somebody changed by hand what templates describe. differences: a sentence each."""
    count = len(differences)
    return Notice(
        headline=f"DRIFT: {count} resource{'s' * (count != 1)} of {environment} changed by hand",
        details=_listed(differences, _REASON),
        todo=f"Put it into the templates or change it back; all of it: `python -m ops drift "
        f"{environment}`.",
        link=link,
    )


def unseen(environment: str, said: str, link: str) -> Notice:
    """The check for drift could not look."""
    return Notice(
        headline=f"DRIFT UNKNOWN: {environment} could not be looked at",
        details=_some(quoted(said, _REASON)),
        todo="See the runbook of the delivery, drift-check-errors.",
        link=link,
    )


def quoted(text: str, characters: int) -> str:
    """Somebody's text as it can be shown: one line of so many characters at most, and no link."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    harmless = _SCHEME.sub("[:]", _DOT.sub("[.]", plain))
    return harmless if len(harmless) <= characters else harmless[: characters - 1] + "…"


def _checks(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"Failed check: {each}" for each in _listed(names, _QUOTED))


def _listed(texts: Sequence[str], characters: int) -> tuple[str, ...]:
    shown = [quoted(each, characters) for each in texts[:_LISTED]]
    more = len(texts) - len(shown)
    return (*shown, *([f"and {more} more"] if more else []))


def _by(who: str) -> str:
    return f"By {quoted(who, _QUOTED)}." if who else ""


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _unmarked(text: str) -> str:
    """Without what a chat reads as mark-up, a mention or a channel."""
    return _MARKS.sub("", text).translate(_CHAT)
