"""Cron expressions as a deployment window has them: Quartz's, seconds first and always `*`.

Source: CodePipeline user guide, "rule-reference-DeploymentWindow", the table of fields: minutes,
hours, day of month (`? L W` too), month (1 to 12 or names), day of week (1 to 7 from Sunday, or
names; `? L #` too) and, if one likes, year.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_FIELDS = ("second", "minute", "hour", "day of month", "month", "day of week", "year")
_SATURDAY = _DAYS["SAT"]


_SOME_DAY = datetime(2024, 1, 31, tzinfo=UTC)


class CronError(ValueError):
    """The expression is none; the text says what was expected."""


@dataclass(frozen=True)
class Cron:
    """When a window is open. Days are texts: what `L`, `W` and `#` mean depends on the month."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Reads an expression; `CronError` when it is none."""
        fields = text.upper().split()
        if len(fields) == len(_FIELDS) - 1:
            fields.append("*")
        if len(fields) != len(_FIELDS):
            raise CronError(f"Cron {text!r} needs these fields, the last if wanted: {_FIELDS}")
        if fields[0] != "*":
            raise CronError(f"Cron {text!r}: the seconds can only be *")
        parsed = cls(
            minutes=_numbers(fields[1], 0, 59),
            hours=_numbers(fields[2], 0, 23),
            days=fields[3],
            months=_numbers(fields[4], 1, 12, _MONTHS),
            weekdays=fields[5],
            years=_numbers(fields[6], 1970, 2199),
        )
        parsed.fits(_SOME_DAY)  # raises when the days are no expression
        return parsed

    def fits(self, moment: datetime) -> bool:
        """Whether the window is open in that minute of local time."""
        # All are read whatever the first says: a wrong one must not hide.
        return all(
            [
                moment.minute in self.minutes,
                moment.hour in self.hours,
                moment.month in self.months,
                moment.year in self.years,
                _month_day_fits(self.days, moment),
                _weekday_fits(self.weekdays, moment),
            ]
        )


def _month_day_fits(text: str, moment: datetime) -> bool:
    if text == "?":
        return True
    if special := re.fullmatch(r"L(?:-(\d{1,2}))?(W)?|(\d{1,2})W", text):
        back, last_weekday, near = special.groups()
        last = calendar.monthrange(moment.year, moment.month)[1]
        wanted = min(int(near), last) if near else last - int(back or 0)
        if near or last_weekday:
            return moment.day == _nearest_weekday(moment, wanted, last)
        return moment.day == wanted
    return moment.day in _numbers(text, 1, 31)


def _nearest_weekday(moment: datetime, day: int, last: int) -> int:
    """The day from Monday to Friday next to `day`, in the same month."""
    weekday = moment.replace(day=day).weekday()
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < last else day - 2
    return day


def _weekday_fits(text: str, moment: datetime) -> bool:
    today = moment.isoweekday() % 7 + 1
    if text == "?":
        return True
    if text == "L":
        return today == _SATURDAY
    if last := re.fullmatch(r"(\w+)L", text):
        in_next_week = moment + timedelta(days=7)
        return today in _numbers(last[1], 1, 7, _DAYS) and in_next_week.month != moment.month
    if nth := re.fullmatch(r"(\w+)#([1-5])", text):
        week = (moment.day - 1) // 7 + 1
        return today in _numbers(nth[1], 1, 7, _DAYS) and week == int(nth[2])
    return today in _numbers(text, 1, 7, _DAYS)


def _numbers(
    text: str, first: int, last: int, names: dict[str, int] | None = None
) -> frozenset[int]:
    """What a list of numbers, ranges and steps stands for."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        low, dash, high = span.partition("-")
        start = first if low == "*" else _number(low, text, names)
        end = _number(high, text, names) if dash else (last if low == "*" or step else start)
        if not first <= start <= end <= last:
            raise CronError(f"Cron field {text!r}: expected {first} to {last}")
        found.update(range(start, end + 1, max(_number(step, text, None), 1) if step else 1))
    return frozenset(found)


def _number(text: str, whole: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not text.isdecimal():
        raise CronError(f"Cron field {whole!r}: {text!r} is no number")
    return int(text)
