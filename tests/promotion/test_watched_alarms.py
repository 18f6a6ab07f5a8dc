"""What the watch of a bake time makes of alarms: which speak against a release, and when it ends.

Proves it with alarms and a clock that were thought out, with CloudWatch's answers as boto3 has
them, and with a pipeline's engine on which a release is rolled back because an alarm went off. That
the pipeline asks it is a rule of the gates; that CloudWatch sets alarms off, tests/embedded_aws.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from promotion import alarms, bake
from promotion.alarms import POLL_SECONDS, Alarm, Clock, watch
from tests.embedded_aws.pipelines import (
    Bench,
    action,
    conditions,
    properties,
    rule,
    with_conditions,
)

CAME = datetime(2026, 1, 1, 12, tzinfo=UTC)
AFTER, BEFORE = CAME + timedelta(minutes=3), CAME - timedelta(days=2)
CALM = Alarm("tap-prod-errors", "OK", BEFORE)
OFF = Alarm("tap-prod-latency", "ALARM", AFTER, "1 of 1 datapoints > 900 ms")
OLD = Alarm("tap-prod-queue", "ALARM", BEFORE, "5 messages")
BLIND = Alarm("tap-prod-sweeps", "INSUFFICIENT_DATA", AFTER)


class Time:
    """A clock that goes on only while somebody sleeps, and what is seen at each look."""

    def __init__(self, *looks: Sequence[Alarm]) -> None:
        self._looks = looks
        self.now, self.looked = 1000.0, 0

    def look(self) -> Sequence[Alarm]:
        found = self._looks[min(self.looked, len(self._looks) - 1)]
        self.looked += 1
        return found

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)

    def against(self, minutes: int = 5) -> list[str]:
        return watch(self.look, CAME, minutes, self.clock)


def test_calm_alarms_are_watched_to_the_end_and_looked_at_once_more_then() -> None:
    time = Time([CALM])
    assert time.against(minutes=5) == []
    assert time.now == 1300.0
    assert time.looked == 300 / POLL_SECONDS + 1


def test_the_first_alarm_that_goes_off_ends_it() -> None:
    time = Time([CALM], [CALM], [CALM, OFF])
    assert time.against() == [
        "tap-prod-latency went off at 2026-01-01 12:03:00 UTC: 1 of 1 datapoints > 900 ms"
    ]
    assert time.now == 1000.0 + 2 * POLL_SECONDS


def test_what_goes_off_in_the_last_moment_counts() -> None:
    time = Time(*[[CALM]] * 20, [OFF])
    assert len(time.against(minutes=5)) == 1
    assert time.now == 1300.0


def test_what_was_on_before_the_release_came_does_not_count_until_it_goes_off_anew() -> None:
    assert alarms.before([CALM, OFF, OLD], CAME) == [OLD]
    assert Time([CALM, OLD]).against() == []
    anew = Alarm(OLD.name, "ALARM", AFTER, OLD.reason)
    assert len(Time([OLD], [Alarm(OLD.name, "OK", AFTER)], [anew]).against()) == 1


def test_an_alarm_that_does_not_say_since_when_counts() -> None:
    assert Time([Alarm("a", "ALARM", None, "it is")]).against() == ["a went off: it is"]


def test_without_an_alarm_nobody_looked() -> None:
    time = Time([])
    assert time.against() == ["there is no alarm to watch, so nobody looked"]
    assert time.now == 1000.0
    assert Time([CALM], []).against() == ["there is no alarm to watch, so nobody looked"]


def test_alarms_without_data_are_waited_for_and_are_no_success_where_no_other_looks() -> None:
    assert Time([BLIND], [BLIND], [CALM]).against() == []
    assert Time([BLIND, CALM]).against() == []
    assert Time([BLIND]).against() == ["none of 1 alarms has data, so nobody looked"]


def test_every_alarm_is_read_composite_ones_and_further_pages_too() -> None:
    client = boto3.client(
        "cloudwatch", "us-west-2", aws_access_key_id="a", aws_secret_access_key="b"
    )
    asked = {"AlarmNamePrefix": "tap-prod-", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    one = {"AlarmName": "tap-prod-b", "StateValue": "OK", "StateTransitionedTimestamp": CAME}
    two = {"AlarmName": "tap-prod-a", "StateValue": "ALARM", "StateReason": "both"}
    with Stubber(client) as stub:
        stub.add_response("describe_alarms", {"MetricAlarms": [one], "NextToken": "t"}, asked)
        stub.add_response(
            "describe_alarms", {"CompositeAlarms": [two]}, {**asked, "NextToken": "t"}
        )
        assert alarms.alarms(client, "tap-prod-") == [
            Alarm("tap-prod-a", "ALARM", None, "both"),
            Alarm("tap-prod-b", "OK", CAME, ""),
        ]


GIVEN = bake.parser().parse_args(
    ["tap-prod-", "--minutes=5", "--pipeline=p", "--stage=Prod", "--execution=e"]
)


def test_people_are_told_what_went_off_and_what_does_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    time = Time([CALM, OLD], [OFF, OLD])
    assert bake.bake(GIVEN, time.look, CAME, time.clock) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "bake: 2 alarms, watched for 5 min",
        "bake: tap-prod-queue is on since before this release: not counted",
    ]
    assert said.err.startswith("bake: tap-prod-latency went off at ")
    assert bake.bake(GIVEN, Time([CALM]).look, CAME, Time([CALM]).clock) == 0
    assert capsys.readouterr().out.endswith("bake: nothing went off\n")


def test_an_alarm_that_goes_off_after_the_deployment_takes_the_release_back() -> None:
    given = properties(("Prod", [action("Release"), action("Smoke", order=2)]))
    baking = conditions("ROLLBACK", rule("ProdBake"))
    made = Bench(with_conditions(given, "Prod", OnSuccess=baking))
    seen: list[Sequence[Alarm]] = [[CALM], [CALM, OLD]]

    def watched(context: Context) -> Outcome:
        asking = made.pipeline.execution(context.execution_id)
        if asking and asking.target:
            return Outcome()  # a rollback: the alarm is on still
        time = Time(*seen)
        if against := watch(time.look, CAME, 10, time.clock):
            raise ActionError("; ".join(against))
        return Outcome()

    made.behaviour["ProdBake"] = watched
    good = made.start()
    made.ended(good, "Succeeded")
    seen.append([CALM, OFF])
    bad = made.start()
    made.ended(bad, "Failed")
    assert "tap-prod-latency went off" in bad.summary
    back = made.pipeline.executions[-1]
    assert back.target is good
    made.ended(back, "Succeeded")
