"""Hostile and careless edits of what tells people, each a difference that a person reads."""

from __future__ import annotations

from typing import Any

from tests.gates.drafts import Draft
from tests.gates.mutants import caught_by

RULE, FUNCTION = "AWS::Events::Rule", "AWS::Lambda::Function"


def properties(draft: Draft, kind: str, begins: str) -> Any:
    """Of the resource of a type in the pipeline's stack whose logical id begins so."""
    return next(
        each["Properties"]
        for name, each in draft.resources().items()
        if each["Type"] == kind and name.startswith(begins)
    )


def gone(draft: Draft, begins: str) -> None:
    resources = draft.resources()
    del resources[next(name for name in resources if name.startswith(begins))]


@caught_by("TAP-701")
def failures_that_nobody_is_told_of(draft: Draft) -> None:
    ends = properties(draft, RULE, "Notificationsdeliveryended")
    ends["EventPattern"]["detail"]["state"].remove("FAILED")


@caught_by("TAP-701")
def approvals_that_nobody_is_told_of(draft: Draft) -> None:
    properties(draft, RULE, "Notificationsapprovalneeded")["State"] = "DISABLED"


@caught_by("TAP-701")
def holds_that_nobody_is_told_of(draft: Draft) -> None:
    gone(draft, "Notificationsdeliveryheld")


@caught_by("TAP-701")
def teller_switched_off(draft: Draft) -> None:
    properties(draft, FUNCTION, "NotificationsTeller")["ReservedConcurrentExecutions"] = 0


@caught_by("TAP-701")
def teller_of_another_topic(draft: Draft) -> None:
    variables = properties(draft, FUNCTION, "NotificationsTeller")["Environment"]["Variables"]
    variables["TOPIC_ARN"] = "arn:aws:sns:us-west-2:111111111111:elsewhere"


@caught_by("TAP-701")
def what_was_not_told_thrown_away_at_once(draft: Draft) -> None:
    properties(draft, "AWS::SQS::Queue", "NotificationsUntold")["MessageRetentionPeriod"] = 60


@caught_by("TAP-701")
def drift_looked_for_once_in_a_decade(draft: Draft) -> None:
    daily = properties(draft, RULE, "DriftCheckDaily")
    daily["ScheduleExpression"] = "cron(0 6 1 1 ? 2036)"


@caught_by("TAP-701")
def drift_of_one_environment_only(draft: Draft) -> None:
    variables = properties(draft, FUNCTION, "DriftCheck")["Environment"]["Variables"]
    variables["ROLES"] = "{}"


@caught_by("TAP-701")
def messages_to_somebody_else_as_well(draft: Draft) -> None:
    topic = next(name for name in draft.resources() if name.startswith("NotificationsTopicA"))
    draft.add(
        "Stranger",
        "AWS::SNS::Subscription",
        Protocol="https",
        Endpoint="https://stranger.example.org/",
        TopicArn={"Ref": topic},
    )
