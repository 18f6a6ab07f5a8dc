"""What feeds itself: a function that writes where it is triggered runs, and bills, without end."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

from assembly.templates import Resource, Template
from assembly.text import listed, references
from gates.delivery import Delivery
from gates.registry import rule

# Actions that cause what triggers a function, in small letters.
_WRITES = (
    "s3:putobject", "s3:copyobject", "s3:deleteobject", "dynamodb:putitem", "dynamodb:updateitem",
    "dynamodb:deleteitem", "dynamodb:batchwriteitem", "sqs:sendmessage", "sns:publish",
    "kinesis:putrecord", "kinesis:putrecords",
)  # fmt: skip


@rule(
    "TAP-104",
    why="the function may write to what triggers it, so one event can go round forever",
    fix="write results to a bucket, table or queue of their own",
)
def nothing_feeds_itself(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for template in delivery.templates:
        for function in template.resources("AWS::Lambda::Function"):
            loop = _triggers(template, function) & _written(template, function)
            for source in sorted(loop):
                yield function, source


def _triggers(template: Template, function: Resource) -> set[str]:
    """Logical ids of what calls the function by an event."""
    aliases = {function.logical_id} | {
        each.logical_id
        for each in template.resources("AWS::Lambda::Alias", "AWS::Lambda::Version")
        if function.logical_id in references(each.properties.get("FunctionName"))
    }
    sources: set[str] = set()
    for resource in template.resources():
        for target, events in _subscriptions(resource):
            if aliases & set(references(target)):
                sources |= set(references(events))
    return sources - aliases


def _subscriptions(resource: Resource) -> Iterator[tuple[Any, Any]]:
    """Pairs of what is called and what calls it."""
    properties = resource.properties
    match resource.type:
        case "AWS::S3::Bucket":
            yield properties.get("NotificationConfiguration"), {"Ref": resource.logical_id}
        case "Custom::S3BucketNotifications":
            yield properties.get("NotificationConfiguration"), properties.get("BucketName")
        case "AWS::Lambda::EventSourceMapping":
            yield properties.get("FunctionName"), properties.get("EventSourceArn")
        case "AWS::SNS::Subscription":
            yield properties.get("Endpoint"), properties.get("TopicArn")
        case "AWS::Events::Rule":
            yield properties.get("Targets"), properties.get("EventPattern")


def _written(template: Template, function: Resource) -> set[str]:
    """Logical ids of what the function's role may write to."""
    roles = set(references(function.properties.get("Role")))
    written: set[str] = set()
    for policy in template.resources(
        "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"
    ):
        if policy.logical_id in roles or roles & set(references(policy.properties.get("Roles"))):
            for statement in _statements(policy):
                if statement.get("Effect") == "Allow" and _writes(statement):
                    written |= set(references(statement.get("Resource")))
                    if "*" in listed(statement.get("Resource")):
                        written |= set(template.body["Resources"])
    return written


def _statements(policy: Resource) -> Iterator[dict[str, Any]]:
    documents = [policy.properties.get("PolicyDocument", {})]
    documents += [each["PolicyDocument"] for each in policy.properties.get("Policies", [])]
    for document in documents:
        yield from listed(document.get("Statement"))


def _writes(statement: dict[str, Any]) -> bool:
    granted = [str(action).lower() for action in listed(statement.get("Action"))]
    return any(fnmatch.fnmatch(write, action) for action in granted for write in _WRITES)
