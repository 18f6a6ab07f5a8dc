"""What could break without anybody noticing.

Metrics: Lambda Developer Guide "Types of metrics for Lambda functions"; API Gateway Developer Guide
"Amazon API Gateway dimensions and metrics"; Step Functions Developer Guide "Monitoring Step
Functions metrics using Amazon CloudWatch"; SQS Developer Guide "Available CloudWatch metrics".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.references import resource_of
from assembly.templates import Resource, Template
from assembly.text import references
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


def _deployment_helpers(template: Template) -> set[str]:
    """Functions of custom resources: when one fails, the deployment does, and everybody hears."""
    return {
        name
        for resource in template.resources()
        if resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
        for name in references(resource.properties.get("ServiceToken"))
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
