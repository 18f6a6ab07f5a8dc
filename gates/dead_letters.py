"""Which queues are dead-letter queues, and what tools say of them in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from assembly.templates import Resource, Template
from assembly.text import listed, references
from gates.delivery import Delivery
from gates.finding import Finding

# That a queue has no dead-letter queue: AWS's own advice is for queues that somebody works off.
WANT_ONE: Final = {"AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy", "ES6000", "CT.SQS.PR.1"}


def dead_letter_queues(template: Template) -> set[str]:
    """The logical ids of what a function, queue, rule or subscription sends its failures to."""
    return {name for each in template.resources() for name in _destinations(each)}


def without_false_alarms(findings: Iterable[Finding], delivery: Delivery) -> list[Finding]:
    """The findings but those that a dead-letter queue has no dead-letter queue."""
    paths = {
        template.path_of(name)
        for template in delivery.templates
        for name in dead_letter_queues(template)
    }
    return [each for each in findings if each.rule not in WANT_ONE or each.path not in paths]


def _destinations(resource: Resource) -> Iterator[str]:
    properties = resource.properties
    for setting in ("DeadLetterConfig", "RedrivePolicy"):
        yield from references(properties.get(setting))
    for destination in ("DestinationConfig", "Targets"):
        for each in listed(properties.get(destination)):
            yield from references(each.get("OnFailure"))
            yield from references(each.get("DeadLetterConfig"))
