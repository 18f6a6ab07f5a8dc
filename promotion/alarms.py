"""Watches the alarms of what was just deployed, for the minutes in which it has to prove itself.

What goes off meanwhile speaks against the release. What is on since before the release came does
not: it would keep out the one that mends it. An alarm that cannot be read, or that nobody looks
through, is no silence.

Sources: "DescribeAlarms" and "MetricAlarm" (StateTransitionedTimestamp), Amazon CloudWatch API
Reference; "Using Amazon CloudWatch alarms", Amazon CloudWatch User Guide: INSUFFICIENT_DATA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_ON: Final = "ALARM"
_KINDS: Final = ("MetricAlarms", "CompositeAlarms")
_BLIND: Final = "INSUFFICIENT_DATA"
# CloudWatch evaluates most alarms once a minute.
POLL_SECONDS: Final = 15.0

type Look = Callable[[], Sequence[Alarm]]


@dataclass(frozen=True)
class Alarm:
    """state: OK, ALARM or INSUFFICIENT_DATA, which it has since an aware time, as far as known."""

    name: str
    state: str
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Clock:
    """now: seconds from any beginning. sleep: waits for some seconds."""

    now: Callable[[], float]
    sleep: Callable[[float], object]


def alarms(cloudwatch: Any, prefix: str) -> list[Alarm]:
    """All whose names begin with `prefix`, by name."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [row for page in pages for key in _KINDS for row in page.get(key, [])]
    return sorted(map(_alarm, found), key=lambda alarm: alarm.name)


def _alarm(row: dict[str, Any]) -> Alarm:
    return Alarm(
        row["AlarmName"],
        row["StateValue"],
        row.get("StateTransitionedTimestamp"),
        row.get("StateReason", ""),
    )


def watch(look: Look, came: datetime, minutes: int, clock: Clock) -> list[str]:
    """Looks until the minutes are over, or until something speaks against the release: what does,
    a sentence each; none when nothing did. came: when the release began to come, an aware time."""
    until = clock.now() + 60 * minutes
    while True:
        found = look()
        left = until - clock.now()
        if against := list(_against(found, came)):
            return against
        if left <= 0:
            return list(_unseen(found))
        clock.sleep(min(POLL_SECONDS, left))


def before(found: Sequence[Alarm], came: datetime) -> list[Alarm]:
    """What is on since before the release came."""
    return [each for each in found if each.state == _ON and each.since and each.since < came]


def _against(found: Sequence[Alarm], came: datetime) -> Iterator[str]:
    if not found:
        yield "there is no alarm to watch, so nobody looked"
    old = before(found, came)
    for alarm in found:
        if alarm.state == _ON and alarm not in old:
            when = f" at {alarm.since:%Y-%m-%d %H:%M:%S} UTC" if alarm.since else ""
            yield f"{alarm.name} went off{when}: {alarm.reason}"


def _unseen(found: Sequence[Alarm]) -> Iterator[str]:
    if all(alarm.state == _BLIND for alarm in found):
        yield f"none of {len(found)} alarms has data, so nobody looked"
