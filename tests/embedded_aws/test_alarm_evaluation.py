"""The rules of alarms, held against the tables and sentences of the user guide.

Proves, on values alone, what state an alarm has: with missing values in every mode, M out of N,
before a minute has ended, going off and clearing. Not proved: how many more periods than it is told
to CloudWatch looks at, which AWS does not promise; the page's examples are taken for it.
"""

from __future__ import annotations

import pytest

from embedded_aws.metrics.evaluation import ALARM, INSUFFICIENT_DATA, OK, Rule, evaluate

NOW = 1_764_137_100.0  # the end of a minute
MODES = ("missing", "ignore", "breaching", "notBreaching")
STAYS = None


def rule(**changed: object) -> Rule:
    """3 out of 3 periods of a minute whose sum is above 0."""
    alarm = {
        "Period": 60,
        "EvaluationPeriods": 3,
        "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0.0,
    }
    return Rule.of_alarm(alarm | changed)


def state(rule: Rule, shown: str, *, now: float = NOW) -> str | None:
    """Of values as the guide shows them, the newest last: `0` is fine, `X` breaches, `-` missing.

    The newest ends at NOW.
    """
    by_start = {
        NOW - (age + 1) * rule.period: {"0": 0.0, "X": 1.0}[value]
        for age, value in enumerate(reversed(shown.split()))
        if value != "-"
    }
    verdict = evaluate(rule, lambda start, _end: by_start.get(start), now)
    return verdict.state if verdict else STAYS


# "How alarm state is evaluated when data is missing", both tables, in the order of MODES.
TABLES = [
    (3, "0 - X - X", (OK, OK, OK, OK)),
    (3, "0 - - - -", (OK, OK, OK, OK)),
    (3, "- - - - -", (INSUFFICIENT_DATA, STAYS, ALARM, OK)),
    (3, "0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    (3, "- - X - -", (ALARM, STAYS, ALARM, OK)),
    (2, "0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0 - X - -", (OK, OK, ALARM, OK)),
    (2, "- - - - 0", (OK, OK, ALARM, OK)),
    (2, "- - - X -", (ALARM, STAYS, ALARM, OK)),
]


@pytest.mark.parametrize("index", range(len(MODES)), ids=MODES)
@pytest.mark.parametrize(("bad", "shown", "states"), TABLES)
def test_missing_values_are_treated_as_the_guides_tables_say(
    bad: int, shown: str, states: tuple[str | None, ...], index: int
) -> None:
    asked = rule(DatapointsToAlarm=bad, TreatMissingData=MODES[index])
    assert state(asked, shown) == states[index]


def test_a_first_bad_value_alone_decides_nothing_yet() -> None:
    assert state(rule(), "- - - - X") is STAYS
    assert state(rule(EvaluationPeriods=1), "- - X") == ALARM


@pytest.mark.parametrize("mode", ["breaching", "notBreaching", "missing"])
def test_alarms_on_tables_always_ignore_missing_values(mode: str) -> None:
    assert state(rule(Namespace="AWS/DynamoDB", TreatMissingData=mode), "- - - - -") is STAYS


def test_an_alarm_goes_off_and_is_over() -> None:
    once = rule(EvaluationPeriods=1)
    assert state(once, "0 0 0") == OK
    assert state(once, "0 0 X") == ALARM
    assert state(once, "0 X 0") == OK


def test_a_bad_value_without_successors_counts_until_it_leaves_the_range() -> None:
    once = rule(EvaluationPeriods=1, TreatMissingData="notBreaching")
    assert [state(once, shown) for shown in ("X - -", "X - - -")] == [ALARM, OK]


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ("GreaterThanThreshold", 5.0, OK),
        ("GreaterThanThreshold", 5.1, ALARM),
        ("GreaterThanOrEqualToThreshold", 5.0, ALARM),
        ("LessThanThreshold", 5.0, OK),
        ("LessThanThreshold", 4.9, ALARM),
        ("LessThanOrEqualToThreshold", 5.0, ALARM),
    ],
)
def test_values_are_compared_as_the_operator_says(
    comparison: str, value: float, expected: str
) -> None:
    asked = rule(EvaluationPeriods=1, ComparisonOperator=comparison, Threshold=5.0)
    verdict = evaluate(asked, lambda _start, _end: value, NOW)
    assert verdict is not None
    assert verdict.state == expected


def test_what_the_rest_of_a_minute_cannot_take_back_counts_at_once() -> None:
    def value_of(_start: float, end: float) -> float | None:
        return 1.0 if end > NOW else None

    def at(changed: Rule) -> str | None:
        verdict = evaluate(changed, value_of, NOW + 1)
        return verdict.state if verdict else STAYS

    assert at(rule(EvaluationPeriods=1)) == ALARM
    assert at(rule(EvaluationPeriods=1, Statistic="Maximum")) == ALARM
    assert at(rule(EvaluationPeriods=1, ExtendedStatistic="p99")) == INSUFFICIENT_DATA
    assert at(rule(EvaluationPeriods=1, Statistic="Average")) == INSUFFICIENT_DATA
    few = rule(EvaluationPeriods=1, ComparisonOperator="LessThanThreshold", Threshold=5.0)
    assert at(few) == INSUFFICIENT_DATA


def test_a_minute_without_a_value_is_not_missing_before_it_has_ended() -> None:
    asked = rule(EvaluationPeriods=1, TreatMissingData="breaching")
    assert state(asked, "0 0 0", now=NOW + 30) == OK


def test_periods_slide_by_the_minute_and_short_ones_by_ten_seconds() -> None:
    asked: list[tuple[float, float]] = []

    def value_of(start: float, end: float) -> float:
        asked.append((start - NOW, end - NOW))
        return 0.0

    evaluate(rule(Period=300, EvaluationPeriods=1), value_of, NOW + 119)
    assert asked[:3] == [(-180, 120), (-240, 60), (-540, -240)]
    asked.clear()
    evaluate(rule(Period=10, EvaluationPeriods=1), value_of, NOW + 19)
    assert asked[:2] == [(10, 20), (0, 10)]


def test_the_reason_names_the_values_as_cloudwatch_does() -> None:
    verdict = evaluate(rule(EvaluationPeriods=1), lambda start, _end: float(start == NOW - 60), NOW)
    assert verdict is not None
    assert verdict.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoint [1.0 (26/11/25 06:04:00)] was greater "
        "than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert verdict.data["recentDatapoints"] == [1.0]
    nothing = evaluate(rule(TreatMissingData="notBreaching"), lambda *_: None, NOW)
    assert nothing is not None
    assert nothing.reason == (
        "Threshold Crossed: no datapoints were received for 3 periods and "
        "3 missing datapoints were treated as [NonBreaching]."
    )
    unknown = evaluate(rule(), lambda *_: None, NOW)
    assert unknown is not None
    assert unknown.reason == "Insufficient Data: 3 datapoints were unknown."
