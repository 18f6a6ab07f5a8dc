"""Findings that somebody accepted, each with a reason: `acknowledged.toml`.

One file, not beside the constructs: what a team lives with stands on one page that needs a review
of its own (CODEOWNERS), one mechanism serves every tool, and no construct can hush a gate.

    [[acknowledged]]
    rule = "AwsSolutions-S1"                      # exactly, or with * within it
    where = "TapPipelineStack/*/TapStack/Files/**"  # construct path; * stops at /, ** does not
    subject = "Resource::*"                       # optional; which of several, * as in rule
    reason = "A sentence that would convince a reviewer who does not know the code."
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gates.finding import Finding

FILE: Final = Path(__file__).with_name("acknowledged.toml")
# Words of three letters or more, each counted once: "n/a n/a n/a" has none, "not relevant" two.
LEAST_WORDS: Final = 10
_KEYS: Final = {"rule", "where", "subject", "reason"}


class AcknowledgementsError(Exception):
    """The file cannot be read; the text says which entry and why."""


@dataclass(frozen=True)
class Acknowledgement:
    """One accepted kind of finding."""

    rule: str
    where: str
    reason: str
    subject: str = "*"

    def covers(self, finding: Finding) -> bool:
        return (
            _matches(self.rule, finding.rule, across="*")
            and _matches(self.where, finding.path, across="**")
            and _matches(self.subject, finding.subject, across="*")
        )

    @property
    def label(self) -> str:
        subject = "" if self.subject == "*" else f" [{self.subject}]"
        return f"{self.rule}{subject} at {self.where}"


@dataclass(frozen=True)
class Judged:
    """Findings that remain, and those that an acknowledgement covers."""

    remaining: list[Finding]
    accepted: list[tuple[Finding, Acknowledgement]]


def load(file: Path = FILE) -> list[Acknowledgement]:
    """The entries of `file`. Raises AcknowledgementsError for anything it does not know."""
    try:
        entries = tomllib.loads(file.read_text())["acknowledged"]
        return [_entry(index, entry) for index, entry in enumerate(entries, 1)]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise AcknowledgementsError(f"{file.name} cannot be read: {error}") from error


def _entry(index: int, entry: dict[str, str]) -> Acknowledgement:
    unknown = set(entry) - _KEYS
    missing = _KEYS - {"subject"} - set(entry)
    if unknown or missing:
        raise AcknowledgementsError(
            f"entry {index} of the acknowledgements has "
            + " and ".join(
                f"{what} {sorted(keys)}"
                for what, keys in (("unknown keys", unknown), ("no", missing))
                if keys
            )
        )
    return Acknowledgement(**entry)


def judge(
    findings: Iterable[Finding], acknowledgements: list[Acknowledgement], file: str = FILE.name
) -> Judged:
    """Takes what is acknowledged away, and adds a finding for every acknowledgement that is bad.

    Bad is: a reason without substance, a place that could be anywhere, or nothing to cover.
    """
    findings = list(findings)
    accepted = [
        (finding, first)
        for finding in findings
        if (first := next((each for each in acknowledgements if each.covers(finding)), None))
    ]
    covered = {finding for finding, _ in accepted}
    remaining = [finding for finding in findings if finding not in covered]
    remaining += [bad for each in acknowledgements for bad in _bad(each, findings, file)]
    return Judged(remaining, accepted)


def _bad(acknowledgement: Acknowledgement, findings: list[Finding], file: str) -> list[Finding]:
    problems = []
    if len(set(re.findall(r"[^\W\d_]{3,}", acknowledgement.reason.lower()))) < LEAST_WORDS:
        problems.append(
            (
                "ACK-1",
                "its reason is too short to say why the finding is right here",
                f"give a reason of at least {LEAST_WORDS} different words",
            )
        )
    if not re.match(r"[\w.-]{3,}", acknowledgement.where) or not re.search(
        r"\w", acknowledgement.rule
    ):
        problems.append(
            (
                "ACK-2",
                "its place or rule is so wide that it would cover findings nobody has seen",
                "begin `where` with a construct path and name the rule",
            )
        )
    if not any(acknowledgement.covers(finding) for finding in findings):
        problems.append(
            (
                "ACK-3",
                "it covers no finding: what it was for is fixed, renamed or misspelt",
                "remove it, or correct rule, where and subject",
            )
        )
    return [Finding(file, "", rule, why, fix, acknowledgement.label) for rule, why, fix in problems]


def _matches(pattern: str, text: str, *, across: str) -> bool:
    """Does `pattern` match all of `text`? `across` is what matches a slash, too."""
    parts = re.split(r"(\*\*?)", pattern)
    meaning = {"**": ".*", "*": ".*" if across == "*" else "[^/]*"}
    return re.fullmatch("".join(meaning.get(p, re.escape(p)) for p in parts), text) is not None
