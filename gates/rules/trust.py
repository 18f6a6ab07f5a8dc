"""Who may take a role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assembly.templates import Resource
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.registry import rule

_WHOLE_ACCOUNT = re.compile(
    r"(\*|\d{12}|<AWS::AccountId>|\$\{AWS::AccountId\}|arn:.*:iam::.*:(root|\*|role/\*))"
)
# What asks for a principal; other operators hold for what is absent, or for everyone but some.
_OPERATORS = ("StringEquals", "ArnEquals", "ArnLike")
# Condition keys that say which principal of the account it must be, or know a secret of it, with
# the values that do: of a principal, at least how its name begins.
_NARROWING = {
    "aws:principalarn": re.compile(r"arn:[^/]*:(role|user|assumed-role)/[\w+=,.@<$-].*"),
    "sts:externalid": re.compile(r"[^*?]+"),
}


@rule(
    "TAP-106",
    why="the role trusts a whole account: everyone there whose policy says so may take it",
    fix="name the one role that takes it, or ask for it with aws:PrincipalArn",
)
def roles_trust_principals_not_accounts(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    for role in delivery.resources("AWS::IAM::Role"):
        document = role.properties.get("AssumeRolePolicyDocument", {})
        for statement in _all_statements(document):
            if statement.get("Effect") == "Allow" and not _is_narrowed(statement):
                for principal in _aws_principals(statement):
                    if _WHOLE_ACCOUNT.fullmatch(principal):
                        yield role, principal


def _all_statements(document: Any) -> Iterator[dict[str, Any]]:
    """The statements, those in both branches of a condition included."""
    for statement in listed(document.get("Statement")):
        match statement:
            case {"Fn::If": [_, *branches]}:
                yield from (each for each in branches if "Effect" in each)
            case _:
                yield statement


def _aws_principals(statement: dict[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    if principal == "*":
        yield "*"
    elif isinstance(principal, dict):
        for each in listed(principal.get("AWS")):
            yield str(plain(each))


def _is_narrowed(statement: dict[str, Any]) -> bool:
    match statement.get("Condition"):
        case {"Fn::If": [_, *branches]}:
            return all(_is_narrowed({"Condition": branch}) for branch in branches)
        case dict(condition):
            return any(
                _narrows(key, value)
                for operator in _OPERATORS
                if isinstance(asked := condition.get(operator), dict)
                for key, value in asked.items()
            )
    return False


def _narrows(key: str, value: Any) -> bool:
    pattern = _NARROWING.get(key.lower())
    values = [str(plain(each)) for each in listed(value)]
    return pattern is not None and bool(values) and all(map(pattern.fullmatch, values))
