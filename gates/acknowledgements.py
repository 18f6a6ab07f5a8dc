"""Findings that somebody accepted, each with a reason: `acknowledged.toml`.

One file, not beside the constructs: what a team lives with stands on one page that needs a review
of its own (CODEOWNERS), one mechanism serves every tool, and no construct can hush a gate.

    [[acknowledged]]
    rule = "AwsSolutions-S1"
    where = "TapPipelineStack/*/TapStack/Files/Uploads/Resource"  # or a list of such paths
    subject = "Resource::<Uploads.Arn>/*"                         # optional; which of several
    source = "codecommit"                                         # optional; with that source only
    setting = "bake_minutes"                                      # optional; where one has that
    expires = 2027-11-24                                          # a year ahead at most
    reason = "A sentence that would convince a reviewer who does not know the code."

Everything is meant as it is written. Only the environment's stage may be `*` in a path, since all
environments are made the same; the hashes that the CDK adds to names in a subject are left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from gates.finding import Finding
from gates.neutral import of_any
from settings import Environment, Settings

FILE: Final = Path(__file__).with_name("acknowledged.toml")
# Words of three letters or more, each counted once: "n/a n/a n/a" has none, "not relevant" two.
LEAST_WORDS: Final = 10
# A reason is looked at again after a year; those who have to are told a month before.
LONGEST: Final = timedelta(days=366)
SOON: Final = timedelta(days=30)
# What may never be, and what differs from what was reviewed (gates/rules/__init__.py).
NEVER: Final = re.compile(r"TAP-[47]\d\d")
_NEEDED: Final = {"rule", "where", "expires", "reason"}
_KEYS: Final = {*_NEEDED, "subject", "source", "setting"}

_SETTINGS: Final = frozenset(each.name for each in fields(Environment))


class AcknowledgementsError(Exception):
    """The file cannot be read; the text says which entry and why."""


@dataclass(frozen=True)
class Acknowledgement:
    """One accepted finding, in every environment. subject: None for whatever is found there.
    source: the kind of `tap.source` with which there is such a finding; None for any. setting: of
    an environment, without which there is none; None where it depends on no setting."""

    rule: str
    where: str
    reason: str
    expires: date
    subject: str | None = None
    source: str | None = None
    setting: str | None = None

    def is_for(self, settings: Settings) -> bool:
        """Can there be such a finding with these settings?"""
        return self.source in (None, settings.source.kind) and (
            self.setting is None or any(getattr(e, self.setting) for e in settings.environments)
        )

    def covers(self, finding: Finding) -> bool:
        """Is it the finding's, whose path and subject are those of any environment?"""
        return (
            not NEVER.fullmatch(finding.rule)
            and (self.rule, self.where) == (finding.rule, finding.path)
            and self.subject in (None, finding.subject)
        )

    @property
    def label(self) -> str:
        subject = "" if self.subject is None else f" [{self.subject}]"
        return f"{self.rule}{subject} at {self.where}"


@dataclass(frozen=True)
class Judged:
    """Findings that remain, those that an acknowledgement covers, and what ends before long."""

    remaining: list[Finding]
    accepted: list[tuple[Finding, Acknowledgement]]
    ending: list[Acknowledgement]


def load(file: Path = FILE) -> list[Acknowledgement]:
    """The entries of `file`, one a place.

    Raises AcknowledgementsError for anything it does not know.
    """
    try:
        entries = tomllib.loads(file.read_text())["acknowledged"]
        return [each for index, e in enumerate(entries, 1) for each in _entry(index, e)]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise AcknowledgementsError(f"{file.name} cannot be read: {error}") from error


def _entry(index: int, entry: dict[str, Any]) -> Iterator[Acknowledgement]:
    unknown = set(entry) - _KEYS
    missing = _NEEDED - set(entry)
    if unknown or missing:
        raise AcknowledgementsError(
            f"entry {index} of the acknowledgements has "
            + " and ".join(
                f"{what} {sorted(keys)}"
                for what, keys in (("unknown keys", unknown), ("no", missing))
                if keys
            )
        )
    if type(entry["expires"]) is not date:
        raise AcknowledgementsError(f"entry {index}: expires is no date such as 2027-11-24")
    if entry.get("setting", "name") not in _SETTINGS:
        known = ", ".join(sorted(_SETTINGS))
        raise AcknowledgementsError(f"entry {index}: setting is none of an environment: {known}")
    places = entry["where"] if isinstance(entry["where"], list) else [entry["where"]]
    for place in places:
        yield Acknowledgement(**{**entry, "where": str(place)})


def judge(
    findings: Iterable[Finding],
    acknowledgements: list[Acknowledgement],
    settings: Settings,
    today: date | None = None,
) -> Judged:
    """Takes what is acknowledged away, and adds a finding for every acknowledgement that is bad.

    Bad is: a reason without substance, a wildcard, nothing to cover, a rule that is not to be
    acknowledged, an end that has come or is too far away.
    """
    known = {each: _of_any(each, settings) for each in findings}
    now = today or datetime.now(UTC).date()
    acknowledgements = [each for each in acknowledgements if each.is_for(settings)]
    current = [each for each in acknowledgements if each.expires > now]
    accepted = [
        (finding, first)
        for finding, anonymous in known.items()
        if (first := next((each for each in current if each.covers(anonymous)), None))
    ]
    covered = {finding for finding, _ in accepted}
    remaining = [finding for finding in known if finding not in covered]
    remaining += [b for each in acknowledgements for b in _bad(each, list(known.values()), now)]
    ending = [each for each in current if each.expires - now <= SOON]
    return Judged(remaining, accepted, ending)


def _of_any(finding: Finding, settings: Settings) -> Finding:
    path, subject = (of_any(each, settings) for each in (finding.path, finding.subject))
    return replace(finding, path=path, subject=subject)


def _bad(acknowledgement: Acknowledgement, findings: list[Finding], now: date) -> list[Finding]:
    problems = [
        *_badly_written(acknowledgement),
        *_badly_timed(acknowledgement, now),
        *_about_nothing(acknowledgement, findings),
    ]
    return [
        Finding(FILE.name, "", rule, why, fix, acknowledgement.label) for rule, why, fix in problems
    ]


def _badly_written(acknowledgement: Acknowledgement) -> Iterator[tuple[str, str, str]]:
    if len(set(re.findall(r"[^\W\d_]{3,}", acknowledgement.reason.lower()))) < LEAST_WORDS:
        yield (
            "ACK-1",
            "its reason is too short to say why the finding is right here",
            f"give a reason of at least {LEAST_WORDS} different words",
        )
    if "*" in acknowledgement.rule + acknowledgement.where:
        yield (
            "ACK-2",
            "nothing is a wildcard here: it would cover findings that nobody has seen",
            "name one rule and the path of one construct, with <environment> for a stage",
        )


def _badly_timed(acknowledgement: Acknowledgement, now: date) -> Iterator[tuple[str, str, str]]:
    if not now < acknowledgement.expires <= now + LONGEST:
        yield (
            "ACK-5",
            f"it expires on {acknowledgement.expires}: not again looked at within a year",
            "mend the finding, or read the reason again and give it a date of within a year",
        )


def _about_nothing(
    acknowledgement: Acknowledgement, findings: list[Finding]
) -> Iterator[tuple[str, str, str]]:
    if NEVER.fullmatch(acknowledgement.rule):
        yield (
            "ACK-4",
            "findings of this rule cannot be acknowledged",
            "take the change back; what TAP-7xx reports can be accepted by a review instead",
        )
    elif not any(acknowledgement.covers(finding) for finding in findings):
        yield (
            "ACK-3",
            "it covers no finding: what it was for is fixed, renamed or misspelt",
            "remove it, or correct rule, where and subject",
        )
