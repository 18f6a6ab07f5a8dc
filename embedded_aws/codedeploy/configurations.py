"""Deployment configurations for Lambda: how much of the traffic moves when.

Source: "Working with deployment configurations in CodeDeploy", CodeDeploy user guide. A canary
moves a part and, after an interval, the rest; a linear one moves equal parts, an interval apart.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

WHOLE = 100
ALL_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


@dataclass(frozen=True)
class Shift:
    """So many per cent of the traffic for the new version, then so many minutes of waiting."""

    percent: int
    minutes: int


@dataclass(frozen=True)
class Configuration:
    """A deployment configuration; `routing` is its `trafficRoutingConfig`."""

    name: str
    routing: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def shifts(self) -> list[Shift]:
        """The steps, the last of which moves everything and waits for nothing."""
        if canary := self.routing.get("timeBasedCanary"):
            steps = [int(canary["canaryPercentage"])]
            minutes = int(canary["canaryInterval"])
        elif linear := self.routing.get("timeBasedLinear"):
            part, minutes = int(linear["linearPercentage"]), int(linear["linearInterval"])
            steps = list(range(part, WHOLE, part))
        else:
            steps, minutes = [], 0
        return [*(Shift(percent, minutes) for percent in steps), Shift(WHOLE, 0)]


class RoutingError(Exception):
    """A traffic routing that CodeDeploy refuses; the text says what is wrong."""


_PARTS = {
    "TimeBasedCanary": ("timeBasedCanary", "canaryPercentage", "canaryInterval"),
    "TimeBasedLinear": ("timeBasedLinear", "linearPercentage", "linearInterval"),
}
_MOST_MINUTES = 2880
"""Two days: "How long a deployment may take", limits of the user guide."""


def checked(routing: Mapping[str, Any]) -> dict[str, Any]:
    """A `trafficRoutingConfig` as it is kept. Raises `RoutingError`."""
    kind = routing.get("type", "AllAtOnce")
    given = sorted(name for name in routing if name != "type")
    if kind == "AllAtOnce":
        if given:
            raise RoutingError(f"{given[0]} does not go with the type AllAtOnce")
        return {"type": kind}
    part, percentage, interval = _PARTS[kind]
    if given != [part]:
        raise RoutingError(f"the type {kind} needs {part} and nothing else, not {given}")
    found = routing[part]
    percent, minutes = found.get(percentage, 0), found.get(interval, 0)
    if not 1 <= percent < WHOLE:
        raise RoutingError(f"{part}.{percentage} is {percent}: it must be from 1 to 99")
    if not 1 <= minutes <= _MOST_MINUTES:
        raise RoutingError(f"{part}.{interval} is {minutes}: from 1 to {_MOST_MINUTES} minutes")
    return {"type": kind, part: {percentage: int(percent), interval: int(minutes)}}


def _canary(minutes: int) -> Configuration:
    parts = {"canaryPercentage": 10, "canaryInterval": minutes}
    name = f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes"
    return Configuration(name, {"type": "TimeBasedCanary", "timeBasedCanary": parts})


def _linear(minutes: int) -> Configuration:
    parts = {"linearPercentage": 10, "linearInterval": minutes}
    unit = "Minute" if minutes == 1 else "Minutes"
    name = f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}{unit}"
    return Configuration(name, {"type": "TimeBasedLinear", "timeBasedLinear": parts})


PREDEFINED: Mapping[str, Configuration] = {
    each.name: each
    for each in (
        Configuration(ALL_AT_ONCE, {"type": "AllAtOnce"}),
        *map(_canary, (5, 10, 15, 30)),
        *map(_linear, (1, 2, 3, 10)),
    )
}
"""Those that every account has."""
