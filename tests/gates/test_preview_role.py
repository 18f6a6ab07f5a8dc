"""The role that looks at the guarded environment could change nothing: TAP-426 of its bootstrap.

Proves that each widening of the generated role is reported, and the role as it is, not. What AWS
makes of the role is shown on an emulator by tests/template/test_bootstrap_applied.py.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from assembly.templates import Template
from gates.delivery import Delivery
from gates.rules import RULES
from tests.gates.mutants import allow

Change = Callable[[dict[str, Any]], object]


def grants(action: str, resource: str = "*") -> Change:
    """One more statement of the role's own."""
    return lambda resources: statements(resources).append(allow(action, resource))


def statements(resources: dict[str, Any]) -> list[Any]:
    (policy,) = resources["PreviewRole"]["Properties"]["Policies"]
    found: list[Any] = policy["PolicyDocument"]["Statement"]
    return found


def any_name(resources: dict[str, Any]) -> None:
    for each in statements(resources):
        each.pop("Condition", None)


def managed(*arns: Any) -> Change:
    return lambda r: r["PreviewRole"]["Properties"]["ManagedPolicyArns"].extend(arns)


def policy_that_writes(resources: dict[str, Any]) -> None:
    document = resources["ExecutionPolicy1"]["Properties"]["PolicyDocument"]
    document["Statement"].append(allow("iam:CreateUser"))


def everything_but(resources: dict[str, Any]) -> None:
    statements(resources).append({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})


def changed(delivery: Delivery, change: Change) -> Delivery:
    beside = [copy.deepcopy(template.body) for template in delivery.beside]
    for body in beside:
        if "PreviewRole" in body["Resources"]:
            change(body["Resources"])
    made = tuple(
        Template(template.name, body)
        for template, body in zip(delivery.beside, beside, strict=True)
    )
    return replace(delivery, beside=made)


@pytest.mark.parametrize(
    "change",
    [
        grants("cloudformation:ExecuteChangeSet"),
        grants("cloudformation:UpdateStack"),
        grants("cloudformation:*"),
        grants("cloudformation:CreateChangeSet"),
        grants("s3:PutObject", "arn:aws:s3:::cdk-hnb659fds-assets-333333333333-us-west-2/*"),
        grants("sts:AssumeRole"),
        any_name,
        managed("arn:aws:iam::aws:policy/ReadOnlyAccess"),
        managed({"Ref": "ExecutionPolicy2"}),
        policy_that_writes,
        everything_but,
    ],
)
def test_a_role_that_could_change_something_is_reported(delivery: Delivery, change: Change) -> None:
    assert list(RULES["TAP-426"].findings(changed(delivery, change)))


def test_the_role_as_it_is_passes(delivery: Delivery) -> None:
    assert list(RULES["TAP-426"].findings(changed(delivery, lambda _: None))) == []
    assert sum("PreviewRole" in each.body["Resources"] for each in delivery.beside) == 1
