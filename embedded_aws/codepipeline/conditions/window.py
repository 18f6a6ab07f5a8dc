"""The rule `DeploymentWindow`: waits until a window of time is open.

Source: CodePipeline user guide, "rule-reference-DeploymentWindow": `Cron` has the fields second
(only `*`), minute, hour, day of month, month, day of week and, if one likes, year; the rule waits
until it opens ("after the deployment window opens"). `TimeZone` is a region's (`Europe/Berlin`) or
an offset (`UTC+2`, `GMT-05:30`), UTC without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.conditions.cron import Cron, CronError
from embedded_aws.codepipeline.executions import now
from embedded_aws.codepipeline.requests import StructureError

POLL_SECONDS = 1.0
_OFFSET = re.compile(r"(?:UTC|GMT)(?:([+-])(\d{1,2})(?::(\d{2}))?)?")


def check(where: str, configuration: Mapping[str, str]) -> None:
    """Raises `StructureError` for an expression or a time zone that is none."""
    try:
        Cron.parse(configuration["Cron"])
        zone(configuration.get("TimeZone"))
    except (CronError, ValueError) as error:
        raise StructureError(f"{where}: {error}") from error


def zone(text: str | None) -> tzinfo:
    """The time zone; `ValueError` says that there is none of that name."""
    if not text:
        return UTC
    if found := _OFFSET.fullmatch(text):
        sign, hours, minutes = found.groups("0")
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-ahead if sign == "-" else ahead)
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"TimeZone {text} is neither a region's nor an offset") from None


def wait(context: Context) -> Outcome:
    """Succeeds when the window is open; `context.wait` ends the waiting from outside."""
    cron = Cron.parse(context.configuration["Cron"])
    local = zone(context.configuration.get("TimeZone"))
    while not cron.fits(now().astimezone(local)):
        if not context.wait(POLL_SECONDS):
            raise ActionError("the window did not open while the rule waited")
    return Outcome(summary=f"the window {context.configuration['Cron']} is open")
