"""When an environment may be deployed to: the hours that a stage waits for.

Source: CodePipeline user guide, "DeploymentWindow" (rule reference): a cron expression with seconds
first, which can only be `*`, and a time zone, UTC unless told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from zoneinfo import available_timezones

from settings.reader import Reader

CRON_IN_WORDS: Final = (
    "a cron expression of 6 or 7 fields (second, always *, minute, hour, day of month, month, day"
    ' of week, year), such as "* * 9-16 ? * MON-THU"'
)
_ZONE_IN_WORDS: Final = "a time zone such as Europe/Berlin, UTC or UTC+2"
_OFFSET: Final = re.compile(r"(?:UTC|GMT)(?:[+-](?:0?\d|1[0-4])(?::[0-5]\d)?)?")
_MONTHS: Final = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS: Final = "SUN|MON|TUE|WED|THU|FRI|SAT"


def _field(value: str) -> str:
    """Lists, ranges and steps of values."""
    part = rf"(?:\*|(?:{value})(?:-(?:{value}))?)(?:/\d{{1,2}})?"
    return rf"{part}(?:,{part})*"


_SIXTY: Final = r"[0-5]?\d"
_DAY: Final = r"0?[1-9]|[12]\d|3[01]"
_WEEKDAY: Final = rf"[1-7]|{_DAYS}"
_CRON: Final = (
    r"(?i)\*"
    rf" {_field(_SIXTY)}"
    rf" {_field(r'[01]?\d|2[0-3]')}"
    rf" (?:\?|L(?:-\d{{1,2}})?W?|(?:{_DAY})W|{_field(_DAY)})"
    rf" {_field(rf'0?[1-9]|1[0-2]|{_MONTHS}')}"
    rf" (?:\?|L|(?:{_WEEKDAY})(?:L|#[1-5])|{_field(_WEEKDAY)})"
    rf"(?: {_field(r'19[7-9]\d|20\d\d|21\d\d')})?"
)


@dataclass(frozen=True)
class DeploymentWindow:
    """Deployments start only while `cron` fits the local time of `time_zone`."""

    cron: str
    time_zone: str


def read_window(reader: Reader | None) -> DeploymentWindow | None:
    """From a mapping with the keys cron and time_zone; None without one."""
    if reader is None:
        return None
    window = DeploymentWindow(
        cron=reader.text("cron", _CRON, CRON_IN_WORDS),
        time_zone=reader.text("time_zone", r"\S+", _ZONE_IN_WORDS, default="UTC"),
    )
    if window.time_zone and not _is_zone(window.time_zone):
        reader.reject("time_zone", window.time_zone, _ZONE_IN_WORDS)
    reader.finish()
    return window


def _is_zone(name: str) -> bool:
    # A machine without the database of time zones cannot tell.
    known = available_timezones()
    return _OFFSET.fullmatch(name) is not None or not known or name in known
