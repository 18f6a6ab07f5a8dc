"""All environments are deployed the same: what smoke tests met is what the guarded one gets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assembly.intended import stack_name
from assembly.templates import Template
from assembly.text import plain
from gates.delivery import Delivery
from gates.registry import rule
from settings import Environment

# What an environment may have that keeps its data. A nested template's address is no difference:
# what it holds is compared.
KEEPS = (
    r"[^ ]*/(DeletionPolicy = Retain|DeletionPolicy = RetainExceptOnCreate"
    r"|UpdateReplacePolicy = Retain|DeletionProtectionEnabled = True"
    r"|PointInTimeRecoveryEnabled = True)"
)
ADDRESS = r"[^ ]*/TemplateURL = .*"
# What a disposable one may have: its data goes with its stack, and what empties its buckets.
DISPOSES = (
    r"[^ ]*/(DeletionPolicy = Delete|UpdateReplacePolicy = Delete"
    r"|DeletionProtectionEnabled = False|PointInTimeRecoveryEnabled = False)"
    r"|(BucketEmptierLogs|CustomS3AutoDeleteObjectsCustomResourceProvider(Handler|Role)"
    r"|\w+AutoDeleteObjectsCustomResource)/.*"
    r"|\w+/Properties/Tags/\*/(Key = aws-cdk:auto-delete-objects|Value = true)"
    r"|\w+Policy/Properties/PolicyDocument/Statement/\*/(Effect = Allow"
    r"|Action/\* = s3:(DeleteObject\*|GetBucket\*|List\*|PutBucketPolicy)"
    r"|Principal/AWS = <CustomS3AutoDeleteObjectsCustomResourceProviderRole\.Arn>)"
)
# An environment's own e-mail address for alarms is a setting, so only some have a subscription.
SUBSCRIPTION = "AWS::SNS::Subscription"
# CDK ends logical ids with a hash of the construct's path, which names its stage, and a deployment
# of an API with a longer one of what it deploys, which may begin with eight digits as well. What a
# nested stack hands on is named by an id and an attribute, such as "…0A1B2C3DArn".
HASHES = re.compile(
    r"(?:[0-9A-F]{8})*[0-9a-f]{32}(?![0-9a-f])|(?:[0-9A-F]{8})+(?![0-9A-F](?![a-z]))"
)
# CDK names the statement by which a rule may send to its dead-letter queue by such an id, too.
GENERATED = re.compile(r"(?<=\"Sid\": \"AllowEventRule)\w+")

SECTIONS = ("Parameters", "Conditions", "Mappings", "Outputs")

Fact = tuple[str, str]


@rule(
    "TAP-413",
    why="what smoke tests met in one environment is not what the guarded one gets",
    fix="make all environments from one ApplicationStage; a difference that has to be is named in "
    "gates/shape/parity.py, by a review of its own",
)
def environments_are_the_same(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """No environment has a resource, code, setting or output that the guarded one has not.

    And lacks none: something that is only in the guarded one is something that no smoke test has
    met, and something that is not there, such as a limit, an alarm or a signature, is what it lost.
    """
    guarded = delivery.intended.guarded
    last = _facts(delivery, guarded)
    for environment in delivery.intended.before:
        first = _facts(delivery, environment)
        more = f"{KEEPS}|{ADDRESS}" if environment.disposable else ADDRESS
        less = f"{DISPOSES}|{ADDRESS}" if environment.disposable else ADDRESS
        sentence = f"in {guarded.name}, not in {environment.name}"
        yield from _differences(last - first, re.compile(more), guarded, sentence)
        sentence = f"in {environment.name}, not in {guarded.name}"
        yield from _differences(first - last, re.compile(less), guarded, sentence)


def _differences(
    facts: set[Fact], may: re.Pattern[str], guarded: Environment, sentence: str
) -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for template, fact in sorted(facts):
        if not may.fullmatch(fact):
            resource, _, line = fact.partition("/")
            where = template.replace("ENV", guarded.name, 1)
            found.setdefault(f"{where}/{resource}", []).append(line)
    for where, lines in found.items():
        yield where, "\n".join([f"{sentence}:", *lines])


def _facts(delivery: Delivery, environment: Environment) -> set[Fact]:
    """Every value in the environment's templates with its path, without the environment's names."""
    templates = delivery.assembly.in_account(environment.account)
    # A template names what is in the others, too: a nested stack's outputs, for one.
    names = sorted({name for each in templates for name in _names(each)}, key=len, reverse=True)
    return {
        (_anonymous(HASHES.sub("", template.name), environment), line)
        for template in templates
        for line in _flat(_content(template, environment, names))
    }


def _names(template: Template) -> Iterator[str]:
    """The ids that the CDK chose in a template: of resources, parameters, outputs and the like."""
    for section in ("Resources", *SECTIONS):
        yield from template.body.get(section, {})


def _content(template: Template, environment: Environment, names: list[str]) -> dict[str, Any]:
    resources = {
        each.logical_id: {
            key: plain(value) for key, value in each.declaration.items() if key != "Metadata"
        }
        for each in template.resources()
        if not _is_subscription(each.declaration, environment)
    }
    others = {key: plain(template.body[key]) for key in SECTIONS if key in template.body}
    text = json.dumps({**resources, **others})
    for name in names:
        text = text.replace(name, HASHES.sub("", name))
    text = GENERATED.sub(lambda found: HASHES.sub("", found[0]), text)
    content: dict[str, Any] = json.loads(_anonymous(text, environment))
    return content


def _is_subscription(declaration: dict[str, Any], environment: Environment) -> bool:
    properties = declaration.get("Properties", {})
    said = (declaration.get("Type"), properties.get("Protocol"), properties.get("Endpoint"))
    return environment.alarm_email is not None and said == (
        SUBSCRIPTION,
        "email",
        environment.alarm_email,
    )


def _anonymous(text: str, environment: Environment) -> str:
    text = text.replace(environment.account, "ACCOUNT")
    text = text.replace(stack_name(environment), "tap-ENV")
    text = re.sub(rf"Stack{environment.stage}(?![a-z])", "StackSTAGE", text)
    return re.sub(rf"\b{environment.name}\b", "ENV", text)


def _flat(value: Any, path: str = "") -> Iterator[str]:
    """A line for each leaf; lists without their order, so that one may be a part of another."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flat(each, f"{path}/{key}" if path else key)
    elif isinstance(value, list) and value:
        for each in value:
            yield from _flat(each, f"{path}/*")
    else:
        yield f"{path} = {value}"
