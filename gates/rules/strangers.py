"""Who is not of this delivery: other accounts, addresses nobody configured, and the world.

An account is found wherever it stands, in whatever property: what takes an ARN takes a stranger's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from assembly.templates import Resource
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape.roles import RESOURCE_POLICIES, statements

# The last part of an id such as a connection's may consist of digits; an account stands by itself.
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z.])\d{12}(?![0-9A-Za-z.])")
# Accounts of AWS itself that a template may name: Elastic Load Balancing's, by which it writes
# access logs in Regions older than August 2022 ("Enable access logs for your Application Load
# Balancer", Elastic Load Balancing User Guide).
OF_AWS: Final = frozenset({"127311923021", "033677994240", "027434742980", "797873946194"})
# What says whose call it is ("Global condition context keys", IAM User Guide).
_WHOSE: Final = re.compile(
    r"kms:CallerAccount"
    r"|aws:(?:Source(?:Account|Arn|OrgID|OrgPaths)|Principal(?:Account|Arn|OrgID|OrgPaths))",
    re.IGNORECASE,
)
_ASKS: Final = ("StringEquals", "StringLike", "ArnEquals", "ArnLike")
_TELLS_PEOPLE: Final = "AWS::SNS::Subscription"


@rule(
    "TAP-431",
    why="it belongs to nobody whom cdk.json names: data, alarms or rights would go to a stranger",
    fix="name the accounts and e-mail addresses of cdk.json only; an account of AWS itself is "
    "listed in gates/rules/strangers.py, with the page that names it",
)
def nobody_else_is_named(delivery: Delivery) -> Iterator[tuple[Resource | str, str]]:
    known = OF_AWS | set(delivery.intended.settings.accounts.values())
    asked_for = {each.alarm_email for each in delivery.intended.environments}
    for template in delivery.templates:
        sections = {key: each for key, each in template.body.items() if key != "Resources"}
        for account in sorted(accounts_in(sections) - known):
            yield template.file, f"account {account}"
    for resource in delivery.resources():
        for account in sorted(accounts_in(resource.declaration) - known):
            yield resource, f"account {account}"
        if resource.type == _TELLS_PEOPLE and _is_written_out(resource, asked_for):
            yield resource, f"tells {plain(resource.properties.get('Endpoint'))}"


def accounts_in(value: Any) -> set[str]:
    """Every account id at any depth: in keys, in texts, put together of pieces, as a number."""
    return set(_ACCOUNT.findall(_UUID.sub("", json.dumps(plain(value), default=str))))


def _is_written_out(subscription: Resource, asked_for: set[str | None]) -> bool:
    """Is the endpoint neither a resource nor an address of the settings?"""
    endpoint = plain(subscription.properties.get("Endpoint"))
    return isinstance(endpoint, str) and "<" not in endpoint and endpoint not in asked_for


@rule(
    "TAP-432",
    why="anybody in the world may do it",
    fix="name the principal, or ask whose call it is (aws:SourceAccount, aws:SourceArn, "
    "aws:PrincipalOrgID)",
)
def nothing_is_open_to_the_world(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for resource in delivery.resources(*RESOURCE_POLICIES, "AWS::IAM::Role"):
        kind = RESOURCE_POLICIES.get(resource.type, "AssumeRolePolicyDocument")
        for statement in statements(resource.properties.get(kind)):
            if _is_open(statement):
                yield resource, ", ".join(str(each) for each in listed(statement.get("Action")))
    for permission in delivery.resources("AWS::Lambda::Permission"):
        whose = {"SourceAccount", "SourceArn", "PrincipalOrgID"} & set(permission.properties)
        asked = [str(plain(permission.properties[key])) for key in sorted(whose)]
        whoever = str(permission.properties.get("Principal"))
        service = whoever == "*" or whoever.endswith(".amazonaws.com")
        if service and not any(map(_is_narrow, asked)):
            yield permission, str(permission.properties.get("Action"))
    for url in delivery.resources("AWS::Lambda::Url"):
        if url.properties.get("AuthType") != "AWS_IAM":
            yield url, "calls without a signature"


def _is_open(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    named = listed(principal.get("AWS")) if isinstance(principal, dict) else listed(principal)
    everyone = "*" in named or "NotPrincipal" in statement
    return everyone and not _asks_whose(statement.get("Condition"))


def _asks_whose(condition: Any) -> bool:
    return isinstance(condition, dict) and any(
        _WHOSE.fullmatch(key) and all(_is_narrow(str(each)) for each in listed(value))
        for operator in _ASKS
        for key, value in (condition.get(operator) or {}).items()
    )


def _is_narrow(value: str) -> bool:
    """Does it name an account, an organization or a resource of the template?"""
    return re.search(r"\d{12}|<[\w:.]+>|\bo-\w+", value) is not None


@rule(
    "TAP-433",
    why="whoever finds the address may call it: no signature is asked for",
    fix="set AuthorizationType to AWS_IAM; only a preflight (OPTIONS), which API Gateway answers "
    "by itself, goes without",
)
def methods_are_signed(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for method in delivery.resources("AWS::ApiGateway::Method"):
        properties = method.properties
        preflight = properties.get("HttpMethod") == "OPTIONS" and (
            properties.get("Integration", {}).get("Type") == "MOCK"
        )
        if properties.get("AuthorizationType") != "AWS_IAM" and not preflight:
            yield method, str(properties.get("HttpMethod"))
    for route in delivery.resources("AWS::ApiGatewayV2::Route"):
        if route.properties.get("AuthorizationType") != "AWS_IAM":
            yield route, str(route.properties.get("RouteKey"))
