"""Policies for one bootstrap template, from what each of its accounts needs.

Environments share a template, but not every need: only a disposable one empties its buckets. What
all need is granted as it is; what some need is granted under a condition that names them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.bootstrap.account import Account

MAPPING: Final = "Environments"
NAME: Final = {"Fn::FindInMap": [MAPPING, {"Ref": "AWS::AccountId"}, "Name"]}
"""The environment whose account it is. Fails in an account that cdk.json does not name."""

# IAM and STS quotas, "IAM entity character limits": without white space. Placeholders may grow.
POLICY_LIMIT: Final = 6144
_MARGIN: Final = 300

Statement = dict[str, Any]


@dataclass(frozen=True)
class Permission:
    """The smallest part of a policy. Texts are for `Fn::Sub`.

    sid: groups permissions that belong into one statement. conditions: operator, key and value.
    one_of: the same, but values of one statement's permissions stand side by side in a list.
    """

    sid: str
    action: str
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...] = ()
    one_of: tuple[str, str, str] | None = None


def sub(text: str) -> Any:
    """`text` with its placeholders; a text without any as it is."""
    if "${" not in text:
        return text
    if "${Environment}" in text:
        return {"Fn::Sub": [text, {"Environment": NAME}]}
    return {"Fn::Sub": text}


@dataclass(frozen=True)
class Grants:
    """Statements of a policy, and the template's conditions that they mention."""

    statements: list[Statement]
    conditions: dict[str, Any]


def merge(accounts: Sequence[Account], needed: Callable[[Account], Iterable[Permission]]) -> Grants:
    """What grants each account what it needs, and no more.

    Statements stand in the order in which their permissions were first given.
    """
    takers: dict[Permission, list[Account]] = defaultdict(list)
    for account in accounts:
        for permission in dict.fromkeys(needed(account)):
            takers[permission].append(account)
    groups: dict[tuple[Any, ...], list[Permission]] = defaultdict(list)
    for permission, some in takers.items():
        names = () if len(some) == len(accounts) else tuple(each.name for each in some)
        groups[(permission.sid, names, *_shape(permission))].append(permission)
    positions = list(dict.fromkeys(permission.sid for permission in takers))
    ranked = sorted(groups.items(), key=lambda item: (positions.index(item[0][0]), item[0][1]))
    ids = {account.name: account.id for account in accounts}
    return Grants(
        [_statement(names, permissions) for (_, names, *_), permissions in ranked],
        {_condition(names): _is_one_of(names, ids) for (_, names, *_), _ in ranked if names},
    )


def documents(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """The statements in as few policies as their size allows."""
    packed: list[list[Statement]] = [[]]
    for statement in statements:
        if size([*packed[-1], statement]) > POLICY_LIMIT - _MARGIN:
            packed.append([])
        packed[-1].append(statement)
    return [{"Version": "2012-10-17", "Statement": each} for each in packed]


def size(statements: Sequence[Statement]) -> int:
    """Characters of a policy as IAM counts them, at most.

    As if every condition held; placeholders count as they stand, and are longer than their values.
    """
    document = {"Version": "2012-10-17", "Statement": [_filled(each) for each in statements]}
    return len(json.dumps(document, separators=(",", ":")))


def _shape(permission: Permission) -> tuple[Any, ...]:
    """What permissions of one statement have in common."""
    listed = permission.one_of[:2] if permission.one_of else None
    return permission.resources, permission.conditions, listed


def _statement(names: tuple[str, ...], permissions: list[Permission]) -> Statement:
    first = permissions[0]
    targets = [sub(each) for each in first.resources]
    statement: Statement = {
        "Sid": first.sid + _condition(names) if names else first.sid,
        "Effect": "Allow",
        "Action": sorted({each.action for each in permissions}),
        "Resource": targets if len(targets) > 1 else targets[0],
    }
    limits: dict[str, dict[str, Any]] = defaultdict(dict)
    for operator, key, value in first.conditions:
        limits[operator][key] = sub(value)
    if first.one_of:
        operator, key, _ = first.one_of
        values = sorted({each.one_of[2] for each in permissions if each.one_of})
        limits[operator][key] = [sub(value) for value in values]
    if limits:
        statement["Condition"] = dict(limits)
    if not names:
        return statement
    return {"Fn::If": [_condition(names), statement, {"Ref": "AWS::NoValue"}]}


def _condition(names: tuple[str, ...]) -> str:
    """Such as `InDevAndStaging`: no environment's name has a capital letter in it."""
    return "In" + "And".join(name.capitalize() for name in names)


def _is_one_of(names: tuple[str, ...], ids: Mapping[str, str]) -> Any:
    tests = [{"Fn::Equals": [{"Ref": "AWS::AccountId"}, ids[name]]} for name in names]
    return {"Fn::Or": tests} if len(tests) > 1 else tests[0]


def _filled(value: Any) -> Any:
    match value:
        case {"Fn::If": [_, held, _]}:
            return _filled(held)
        case {"Fn::Sub": [str(text), _]} | {"Fn::Sub": str(text)}:
            return text
        case dict():
            return {key: _filled(each) for key, each in value.items()}
        case list():
            return [_filled(each) for each in value]
    return value
