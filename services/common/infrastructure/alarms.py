"""When an alarm goes off, what it says, and what it makes of missing values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings

PERIOD = cdk.Duration.minutes(5)


class Missing(Enum):
    """What an alarm makes of a period without a value.

    Source: "Configuring how CloudWatch alarms treat missing data", Amazon CloudWatch User Guide.
    """

    # Nothing was called, so nothing can have failed or been slow.
    NOT_BREACHING = cloudwatch.TreatMissingData.NOT_BREACHING
    # The value is emitted on a schedule: when it is missing, the schedule or the function failed.
    BREACHING = cloudwatch.TreatMissingData.BREACHING
    # The function that emits the value does not run, which has an alarm of its own; this one keeps
    # its state.
    IGNORE = cloudwatch.TreatMissingData.IGNORE


@dataclass(frozen=True)
class Trigger:
    """Goes off when `bad` of the last `of` periods have a value above `above`, or below `below`.

    what: the end of the alarm's name. meaning: a sentence for the person who is notified.
    """

    what: str
    metric: cloudwatch.IMetric
    meaning: str
    above: float = 0
    below: float | None = None
    bad: int = 1
    of: int = 1
    missing: Missing = Missing.NOT_BREACHING

    def alarm(
        self, scope: Construct, thing: str, *, environment: EnvironmentSettings, runbook: str
    ) -> cloudwatch.Alarm:
        """Named `tap-<environment>-<thing>-<what>`; its section in the runbook: `<thing>-<what>`.

        It looks at one metric, without arithmetic: the figure in a notification is one that the
        console shows, too.
        """
        section = f"{thing}-{self.what}"
        rising = self.below is None
        return cloudwatch.Alarm(
            scope,
            section,
            alarm_name=environment.named(section),
            alarm_description=f"{self.meaning} What to do: {runbook}#{section}",
            metric=self.metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
            if rising
            else cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            threshold=self.above if self.below is None else self.below,
            evaluation_periods=self.of,
            datapoints_to_alarm=self.bad,
            treat_missing_data=self.missing.value,
        )


def notify(alarm: cloudwatch.Alarm, topic: sns.ITopic) -> None:
    """Tells the topic when the alarm goes off and when it is over."""
    action = actions.SnsAction(topic)
    alarm.add_alarm_action(action)
    alarm.add_ok_action(action)
