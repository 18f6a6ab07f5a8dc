"""What an alarm makes of a metric's values: the documented rules, and nothing of the emulator.

Sources, Amazon CloudWatch User Guide: "Alarm evaluation" ("Evaluating an alarm", "Avoiding
premature transitions to alarm state"), "Configuring how CloudWatch alarms treat missing data" ("How
alarm state is evaluated when data is missing"), "Alarm evaluation windows": the window slides.

- Alarms are evaluated when a minute ends, those of shorter periods when 10 seconds do. The newest
  period ends there.
- CloudWatch looks at more periods than `EvaluationPeriods`: how many, it does not promise; the
  page's examples have two more, and so has this. While as many of them have values, the newest
  values count, and missing ones do not.
- With fewer values, missing ones are made up for as `TreatMissingData` says. If every value there
  is breaches and the oldest is as old as `DatapointsToAlarm`, the alarm goes off although too few
  are there (not with `ignore`). Where the page leaves the outcome open, the state stays.

One thing comes earlier than at AWS: what the rest of a minute cannot take back, a sum or maximum
that is above a threshold already, counts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ValueOf = Callable[[float, float], float | None]
"""`(start, end) -> the statistic over that time`, None without data; the end is not part of it."""

ALARM, OK, INSUFFICIENT_DATA = "ALARM", "OK", "INSUFFICIENT_DATA"
_FURTHER_PERIODS = 2
_MINUTE = 60
_SHORT = 10

_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (lambda v, t: v >= t, "greater than or equal to"),
    "GreaterThanThreshold": (lambda v, t: v > t, "greater than"),
    "LessThanThreshold": (lambda v, t: v < t, "less than"),
    "LessThanOrEqualToThreshold": (lambda v, t: v <= t, "less than or equal to"),
}
COMPARISONS = frozenset(_COMPARISONS)
"""The operators that there are; the others are for anomaly detection."""


@dataclass(frozen=True)
class Rule:
    """What an alarm looks for. `statistic` also stands for an extended one, such as "p99"."""

    period: int
    of: int
    bad: int
    statistic: str
    comparison: str
    threshold: float
    missing: str

    @classmethod
    def of_alarm(cls, alarm: Mapping[str, Any]) -> Rule:
        """The rule of a metric alarm with the members of PutMetricAlarm."""
        of = alarm.get("EvaluationPeriods") or 1
        # Alarms on DynamoDB's metrics always ignore missing data, whatever they say.
        ignores = alarm.get("Namespace") == "AWS/DynamoDB"
        return cls(
            period=alarm.get("Period") or _MINUTE,
            of=of,
            bad=alarm.get("DatapointsToAlarm") or of,
            statistic=alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average",
            comparison=alarm.get("ComparisonOperator") or "",
            threshold=float(alarm.get("Threshold") or 0),
            missing="ignore" if ignores else alarm.get("TreatMissingData") or "missing",
        )

    @property
    def step(self) -> int:
        """Seconds between two evaluations."""
        return min(_MINUTE, max(_SHORT, self.period))

    @property
    def oldest(self) -> int:
        """How many seconds before now the oldest value begins that can matter."""
        return self.period * (self.of + _FURTHER_PERIODS) + self.step

    def breaches(self, value: float) -> bool:
        """Whether a value is on the wrong side of the threshold."""
        return _COMPARISONS[self.comparison][0](value, self.threshold)

    @property
    def only_rises(self) -> bool:
        """Whether more data never brings a value back that breaches: no value is negative."""
        rising = self.statistic in ("Sum", "SampleCount", "Maximum")
        falling = self.statistic == "Minimum"
        return (rising and self.comparison.startswith("Greater")) or (
            falling and self.comparison.startswith("Less")
        )


@dataclass(frozen=True)
class Verdict:
    """The state that an alarm should have, and why in the words of CloudWatch."""

    state: str
    reason: str
    data: Mapping[str, Any]


def evaluate(rule: Rule, value_of: ValueOf, now: float) -> Verdict | None:
    """What the alarm is now; None when it stays what it was. now: seconds since the epoch."""
    ended = now // rule.step * rule.step
    if rule.only_rises:
        begun = value_of(ended + rule.step - rule.period, ended + rule.step)
        if begun is not None and rule.breaches(begun):
            early = _judge(rule, value_of, ended + rule.step)
            if early is not None and early.state == ALARM:
                return early
    return _judge(rule, value_of, ended)


@dataclass(frozen=True)
class _Point:
    """A value of a period that there is. `age` 0 is the newest period."""

    age: int
    start: float
    value: float


def _judge(rule: Rule, value_of: ValueOf, end: float) -> Verdict | None:
    points = [
        _Point(age, start, value)
        for age in range(rule.of + _FURTHER_PERIODS)
        if (value := value_of(start := end - (age + 1) * rule.period, start + rule.period))
        is not None
    ]
    counted = points[: rule.of]
    state = _state(rule, counted)
    return None if state is None else _verdict(rule, state, counted, end)


def _state(rule: Rule, counted: Sequence[_Point]) -> str | None:
    lacking = rule.of - len(counted)
    bad = sum(rule.breaches(point.value) for point in counted)
    if lacking and rule.missing == "breaching":
        bad += lacking
    if bad >= rule.bad:
        return ALARM
    if not lacking or rule.missing in ("breaching", "notBreaching") or bad < len(counted):
        return OK
    return _all_breach(rule, counted) if counted else _nothing(rule)


def _nothing(rule: Rule) -> str | None:
    return None if rule.missing == "ignore" else INSUFFICIENT_DATA


def _all_breach(rule: Rule, counted: Sequence[_Point]) -> str | None:
    """Too few values, all of which breach; missing ones are not made up for."""
    old_enough = counted[-1].age + 1 >= rule.bad
    return ALARM if old_enough and rule.missing == "missing" else None


def _verdict(rule: Rule, state: str, counted: Sequence[_Point], end: float) -> Verdict:
    data = {
        "version": "1.0",
        "queryDate": _iso(end),
        "statistic": rule.statistic,
        "period": rule.period,
        "recentDatapoints": [point.value for point in reversed(counted)],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [
            {"timestamp": _iso(point.start), "value": point.value} for point in counted
        ],
    }
    if counted:
        data["startDate"] = _iso(counted[-1].start)
    return Verdict(state, _reason(rule, state, counted), data)


def _reason(rule: Rule, state: str, counted: Sequence[_Point]) -> str:
    lacking = rule.of - len(counted)
    if state == INSUFFICIENT_DATA:
        verb = "was" if lacking == 1 else "were"
        return f"Insufficient Data: {_number(lacking)} {verb} unknown."
    treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(rule.missing, "")
    verb = "was" if lacking == 1 else "were"
    made_up = f"{lacking} missing {_noun(lacking)} {verb} treated as [{treated}]"
    if not counted:
        periods = f"{rule.of} period{'s' if rule.of > 1 else ''}"
        return f"Threshold Crossed: no datapoints were received for {periods} and {made_up}."
    return _compared(rule, state, counted) + (f" and {made_up}." if lacking and treated else ".")


def _compared(rule: Rule, state: str, counted: Sequence[_Point]) -> str:
    going_off = state == ALARM
    shown = [point for point in counted if rule.breaches(point.value) == going_off]
    verb = ("was" if len(shown) == 1 else "were") + ("" if going_off else " not")
    values = ", ".join(
        f"{point.value} ({datetime.fromtimestamp(point.start, UTC):%d/%m/%y %H:%M:%S})"
        for point in shown
    )
    than = _COMPARISONS[rule.comparison][1]
    arrow = f"{OK} -> {ALARM}" if going_off else f"{ALARM} -> {OK}"
    least = rule.bad if going_off else rule.of - rule.bad + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {_number(rule.of)} [{values}] {verb} "
        f"{than} the threshold ({rule.threshold}) "
        f"(minimum {_number(least)} for {arrow} transition)"
    )


def _number(count: int) -> str:
    return f"{count} {_noun(count)}"


def _noun(count: int) -> str:
    return "datapoint" if count == 1 else "datapoints"


def _iso(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
