"""The emulator's alarms, evaluated: when data comes that decides them, and when a period ends.

It all happens on the event loop, in moments: an evaluation reads the newest points of one metric.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Set
from functools import partial
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from embedded_aws.metrics.evaluation import Rule, Verdict, evaluate
from embedded_aws.metrics.recorder import RECORDER, Name, Scope

_TICK = 10
_MINUTE = 60
_log = logging.getLogger("embedded_aws.alarms")
_each_minute: list[Callable[[float], None]] = []


def each_minute(measure: Callable[[float], None]) -> None:
    """Has `measure` called when a minute ended, with its beginning, before alarms look at it."""
    _each_minute.append(measure)


async def run() -> None:
    """For as long as the server runs: wakes when 10 seconds, or a minute, have ended."""
    RECORDER.begin(asyncio.get_running_loop(), _evaluate_new)
    minute = time.time() // _MINUTE
    while True:
        await asyncio.sleep(_TICK - time.time() % _TICK)
        # However late it is: a busy machine must not lose a minute's end.
        ended, minute = minute, time.time() // _MINUTE
        _tick(ended * _MINUTE if minute > ended else None)


def _evaluate_new(names: Set[Name]) -> None:
    """Alarms that need not wait for the end of a period, on metrics of which there is new data."""
    _evaluate(
        (scope, alarm)
        for scope, alarm in _alarms()
        if (scope, alarm.get("Namespace"), alarm.get("MetricName")) in names
        and Rule.of_alarm(alarm).only_rises
    )


def _tick(ended: float | None) -> None:
    """What is due each 10 seconds. ended: when the minute began that has ended just now, if any."""
    RECORDER.write()
    if ended is not None:
        _measure(ended)
    _evaluate(
        (scope, alarm)
        for scope, alarm in _alarms()
        if ended is not None or (alarm.get("Period") or _MINUTE) < _MINUTE
    )


def _evaluate_alarm(alarm: dict[str, Any]) -> None:
    if not (alarm.get("Namespace") and alarm.get("MetricName")):
        return
    rule = Rule.of_alarm(alarm)
    now = time.time()
    verdict = evaluate(rule, partial(_statistic, _points(alarm, now - rule.oldest), rule), now)
    if verdict is not None and verdict.state != alarm["StateValue"]:
        _change(alarm, verdict)


def _points(alarm: dict[str, Any], since: float) -> list[dict[str, Any]]:
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    key = (alarm["Namespace"], alarm["MetricName"], dimensions)
    unit = alarm.get("Unit")
    return [
        point
        for point in cloudwatch._metrics.get(key) or ()
        if point["Timestamp"] >= since and unit in (None, point["Unit"])
    ]


def _statistic(points: list[dict[str, Any]], rule: Rule, start: float, end: float) -> float | None:
    within = [point for point in points if start <= point["Timestamp"] < end]
    stats = cloudwatch._calc_stats(within)
    if not stats:
        return None
    value: float | None = cloudwatch._stat_value(stats, rule.statistic, within)
    return value


def _change(alarm: dict[str, Any], verdict: Verdict) -> None:
    before, now = alarm["StateValue"], int(time.time())
    alarm.update(
        StateValue=verdict.state,
        StateReason=verdict.reason,
        StateReasonData=json.dumps(verdict.data),
        StateUpdatedTimestamp=now,
        StateTransitionedTimestamp=now,
    )
    cloudwatch._record_history(
        alarm["AlarmName"], before, verdict.state, verdict.reason, reason_data=verdict.data
    )
    cloudwatch._dispatch_alarm_actions(alarm, before, verdict.state, verdict.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _alarms() -> list[tuple[Scope, dict[str, Any]]]:
    return [((key[0], key[1]), alarm) for key, alarm in cloudwatch._alarms.all_items()]


def _evaluate(alarms: Iterable[tuple[Scope, dict[str, Any]]]) -> None:
    for scope, alarm in alarms:
        with request_scope(*scope):
            try:
                _evaluate_alarm(alarm)
            except Exception:  # one alarm must not stop all others
                _log.exception("%s cannot be evaluated", alarm["AlarmArn"])


def _measure(minute: float) -> None:
    for measure in _each_minute:
        try:
            measure(minute)
        except Exception:
            _log.exception("a service cannot be measured")
