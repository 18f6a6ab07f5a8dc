"""The role of each environment that looks for what was changed by hand.

Proves that it may read what the templates' types say reading needs, and look at the system's own
stacks, and nothing else; that only the drift check takes it, by the name that the pipeline uses;
and that nothing which the pipeline deploys may change it.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.bootstrap import iam_actions
from accounts.bootstrap.account import read
from accounts.bootstrap.drift import LOGICAL_ID
from assembly.text import listed
from tests.support.bootstrap import ENVIRONMENTS, SETTINGS, applied, committed
from tests.support.synthesis import Assembly

_READING = re.compile(r"\w[\w-]*:(Get|List|Describe|BatchGet|BatchDescribe|GET|Detect)")


def role(name: str) -> Any:
    return applied(name)[LOGICAL_ID]["Properties"]


def statements(name: str) -> list[Any]:
    resources = applied(name)
    (policy,) = role(name)["Policies"]
    managed = (resources[each["Ref"]]["Properties"] for each in role(name)["ManagedPolicyArns"])
    return [s for each in (policy, *managed) for s in each["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_it_reads_and_changes_nothing(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert all(_READING.match(action) for action in listed(statement["Action"]))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_is_stored_is_read_of_this_system_alone(name: str) -> None:
    for statement in statements(name):
        for action in listed(statement["Action"]):
            settings = iam_actions.reads_settings(action)
            if listed(statement["Resource"]) == ["*"]:
                assert settings or not iam_actions.has_resources(action), action
            elif not settings and not action.startswith(("apigateway:", "cloudformation:Detect")):
                assert all(f"tap-{name}" in each for each in listed(statement["Resource"])[:1])


def test_it_reads_whatever_the_types_in_the_templates_say(assembly: Assembly) -> None:
    for bootstrap in read(assembly.directory, SETTINGS).values():
        for account in bootstrap.accounts:
            if account.name in ENVIRONMENTS:
                allowed = {a for each in statements(account.name) for a in listed(each["Action"])}
                assert iam_actions.reading_actions(account) <= allowed


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_only_the_drift_check_takes_it(name: str) -> None:
    (trust,) = role(name)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": SETTINGS.tools_account}
    (pattern,) = trust["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert re.fullmatch(r"arn:\*:iam::\*:role/tap-pipeline-DriftCheckRole\w{8}-\*", pattern)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_it_has_a_name_that_nothing_which_is_deployed_may_change(name: str) -> None:
    account = SETTINGS.accounts[name]
    assert role(name)["RoleName"] == f"cdk-hnb659fds-drift-role-{account}-{SETTINGS.region}"


def test_tools_has_none() -> None:
    assert LOGICAL_ID not in committed("tools")["Resources"]
