"""What could break without anybody noticing.

Metrics: Lambda Developer Guide "Types of metrics for Lambda functions"; API Gateway Developer Guide
"Amazon API Gateway dimensions and metrics"; Step Functions Developer Guide "Monitoring Step
Functions metrics using Amazon CloudWatch"; SQS Developer Guide "Available CloudWatch metrics".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from assembly.references import resource_of
from assembly.templates import Resource, Template
from assembly.text import listed, references
from gates.dead_letters import dead_letter_queues
from gates.delivery import Delivery
from gates.registry import rule

_FIX = "add an alarm on {metric} with an action: somebody has to hear it"


@rule(
    "TAP-501",
    why="nobody hears when the function fails",
    fix=_FIX.format(metric="Errors"),
)
def functions_are_watched(delivery: Delivery) -> Iterator[Resource]:
    for template in delivery.templates:
        helpers = _deployment_helpers(template)
        for function in template.resources("AWS::Lambda::Function"):
            if function.logical_id not in helpers and not _watched(
                delivery, function, "AWS/Lambda", "Errors", "FunctionName"
            ):
                yield function


@rule(
    "TAP-502",
    why="nobody hears when the API answers with its own errors",
    fix=_FIX.format(metric="5XXError"),
)
def apis_are_watched(delivery: Delivery) -> Iterator[Resource]:
    for api in delivery.resources("AWS::ApiGateway::RestApi"):
        if not _watched(delivery, api, "AWS/ApiGateway", "5XXError", "Name"):
            yield api


@rule(
    "TAP-503",
    why="nobody hears when an execution fails",
    fix=_FIX.format(metric="ExecutionsFailed"),
)
def workflows_are_watched(delivery: Delivery) -> Iterator[Resource]:
    for machine in delivery.resources("AWS::StepFunctions::StateMachine"):
        if not _watched(delivery, machine, "AWS/States", "ExecutionsFailed", "StateMachineName"):
            yield machine


@rule(
    "TAP-504",
    why="nobody hears when events end up in the dead-letter queue, and they expire there",
    fix=_FIX.format(metric="ApproximateNumberOfMessagesVisible"),
)
def dead_letters_are_watched(delivery: Delivery) -> Iterator[Resource]:
    for template in delivery.templates:
        dead_letters = dead_letter_queues(template)
        for queue in template.resources("AWS::SQS::Queue"):
            metric = "ApproximateNumberOfMessagesVisible"
            if queue.logical_id in dead_letters and not _watched(
                delivery, queue, "AWS/SQS", metric, "QueueName"
            ):
                yield queue


# How long something may go wrong before anybody hears, in seconds.
LATEST: Final = 3600
# The most that a metric can reach, or that still is a few, by what it counts: an alarm above it
# never fires. Durations in ms: Lambda's longest run, API Gateway's longest wait ("Quotas" of both);
# ages by how long Lambda and SQS keep what waits.
REACH: Final = {
    ("AWS/Lambda", "Errors"): 100,
    ("AWS/Lambda", "Throttles"): 100,
    ("AWS/Lambda", "Duration"): 900_000,
    ("AWS/Lambda", "AsyncEventAge"): 21_600_000,
    ("AWS/Lambda", "ConcurrentExecutions"): 10_000,
    ("AWS/ApiGateway", "5XXError"): 100,
    ("AWS/ApiGateway", "Latency"): 30_000,
    ("AWS/ApiGateway", "IntegrationLatency"): 30_000,
    ("AWS/States", "ExecutionsFailed"): 100,
    ("AWS/States", "ExecutionsTimedOut"): 100,
    ("AWS/States", "ExecutionsAborted"): 100,
    ("AWS/States", "ExecutionThrottled"): 100,
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): 1000,
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): 1_209_600,
}
# An average of ones and zeros: a share.
_SHARE: Final = 1.0


@rule(
    "TAP-505",
    why="the alarm is there and cannot fire, or nobody is told: what it is for goes unnoticed",
    fix="an alarm has an action that is on, a threshold that its metric reaches, a statistic that "
    "shows a single failure, an end within an hour, and takes silence for what it is",
)
def alarms_can_fire(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for alarm in delivery.resources("AWS::CloudWatch::Alarm"):
        for problem in _silenced(alarm):
            yield alarm, problem
    for alarm in delivery.resources("AWS::CloudWatch::CompositeAlarm"):
        if "ActionsSuppressor" in alarm.properties:
            yield alarm, "another alarm suppresses its actions"


def _silenced(alarm: Resource) -> Iterator[str]:
    said = alarm.properties
    if said.get("ActionsEnabled", True) is not True:
        yield "its actions are off"
    if not listed(said.get("AlarmActions")) and not _is_used(alarm):
        yield "it tells nobody"
    periods = said.get("EvaluationPeriods", 1)
    if said.get("DatapointsToAlarm", periods) > periods:
        yield f"wants {said['DatapointsToAlarm']} points of {periods}"
    if said.get("Period", 60) * periods > LATEST:
        yield f"takes {said.get('Period', 60) * periods} s to notice"
    yield from _beyond_reach(said)
    below = str(said.get("ComparisonOperator")).startswith("LessThan")
    if below and said.get("TreatMissingData") != "breaching":
        yield "takes silence for health"


def _beyond_reach(said: dict[str, Any]) -> Iterator[str]:
    threshold = said.get("Threshold", 0)
    metric = (str(said.get("Namespace")), str(said.get("MetricName")))
    reach = REACH.get(metric, math.inf)
    if said.get("Statistic") == "Average" and metric == ("AWS/ApiGateway", "5XXError"):
        reach = _SHARE
    above = str(said.get("ComparisonOperator")).startswith("GreaterThan")
    if above and threshold >= reach:
        yield f"{metric[1]} does not get above {threshold}"
    if above and metric in REACH and said.get("Statistic") in ("Minimum", "SampleCount"):
        yield f"{said['Statistic']} of {metric[1]} does not show a failure"
    if said.get("ComparisonOperator") == "LessThanThreshold" and threshold <= 0:
        yield f"nothing is below {threshold}"


def _is_used(alarm: Resource) -> bool:
    """Does something else of its template act on it, such as a deployment?"""
    return any(
        alarm.logical_id in references(each.properties)
        for each in alarm.template.resources()
        if each.type != "AWS::CloudWatch::Dashboard" and each.logical_id != alarm.logical_id
    )


def _deployment_helpers(template: Template) -> set[str]:
    """Functions of custom resources, and hooks of aliases.

    When one fails, the deployment does, and everybody hears.
    """
    custom = ("Custom::", "AWS::CloudFormation::CustomResource")
    return {
        name
        for resource in template.resources()
        for called in (
            resource.properties.get("ServiceToken") if resource.type.startswith(custom) else None,
            resource.declaration.get("UpdatePolicy"),
        )
        for name in references(called)
    }


def _watched(
    delivery: Delivery, resource: Resource, namespace: str, metric: str, name: str
) -> bool:
    """Is there an alarm with an action on this metric of this resource?

    The resource is recognized by a reference, also from another nested stack, or by its name.
    name: the property that holds it.
    """
    physical = resource.properties.get(name)
    return any(
        _means(delivery, alarm, each["Value"], resource)
        or (
            isinstance(physical, str) and each["Value"] == physical and _same_place(alarm, resource)
        )
        for alarm in delivery.resources("AWS::CloudWatch::Alarm")
        for watched in _metrics(alarm)
        if (watched.get("Namespace"), watched.get("MetricName")) == (namespace, metric)
        for each in watched.get("Dimensions", [])
    )


def _means(delivery: Delivery, alarm: Resource, value: Any, resource: Resource) -> bool:
    if alarm.template is resource.template and resource.logical_id in references(value):
        return True
    meant = resource_of(delivery.assembly, alarm.template, value)
    return meant is not None and (
        meant.template is resource.template and meant.logical_id == resource.logical_id
    )


def _same_place(one: Resource, other: Resource) -> bool:
    stack, another = one.template.stack, other.template.stack
    return stack is None or another is None or stack.account == another.account


def _metrics(alarm: Resource) -> Iterator[dict[str, Any]]:
    """The alarm's metric, or each of those that it calculates with; none if nobody is told."""
    properties = alarm.properties
    if not properties.get("AlarmActions") or properties.get("ActionsEnabled") is False:
        return
    yield properties
    for query in properties.get("Metrics", []):
        statistic = query.get("MetricStat", {})
        yield statistic.get("Metric", {})
