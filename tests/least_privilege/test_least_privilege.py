"""Every role of the application may do what its code does, and nothing else.

Proved: the calls that handlers, sweeper, workflow and smoke suite make on all their paths (recorded
while they run in memory) need exactly the actions on exactly the resources that the synthesized
policies grant, apart from the listed exceptions; and any single grant less or more is noticed.
Not proved: that AWS asks for these actions (the mapping follows its documentation; the rehearsal
checks functions' roles again as far as the emulator does), and conditions in policies, of which
there are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from settings import Environment
from tests.least_privilege import file_calls
from tests.least_privilege.calls import recorded
from tests.least_privilege.exceptions import ROLES_NOT_OURS, exceptions
from tests.least_privilege.needs import Grant, by_prefix, needs
from tests.least_privilege.policies import grants, unnamed_roles, working
from tests.least_privilege.smoke import smoke_needs
from tests.support.application_templates import (
    DISPOSABLE,
    ENVIRONMENTS,
    Application,
    application,
    as_list,
)
from tests.support.file_service import RESULTS, TABLE, UPLOADS

# The one that the fake cloud plays.
ENVIRONMENT = DISPOSABLE
_HERE = f"{ENVIRONMENT.account}-us-west-2"
NAMES = {
    "bucket": f"tap-{ENVIRONMENT.name}-bucket-{_HERE}",
    "table": f"tap-{ENVIRONMENT.name}-requests",
    UPLOADS: f"tap-{ENVIRONMENT.name}-uploads-{_HERE}",
    RESULTS: f"tap-{ENVIRONMENT.name}-results-{_HERE}",
    TABLE: f"tap-{ENVIRONMENT.name}-files",
}


def stack(environment: Environment, **settings: Any) -> Application:
    """All of an environment, as if nothing in it were nested."""
    return application(environment, **settings).whole


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> set[Grant]:
    """What all roles need, with a STANDARD workflow."""
    scratch = tmp_path_factory.mktemp("files")
    calls = [*recorded("STANDARD"), *file_calls.recorded(scratch)]
    needed = {grant for call in calls for grant in needs(call, NAMES)}
    return by_prefix(needed) | smoke_needs(tmp_path_factory.mktemp("smoke"))


def differences(template: Application, used: set[Grant]) -> list[str]:
    """What is granted or needed without the other, and exceptions that excuse nothing."""
    granted, excused = grants(template), set(exceptions(template.environment))
    return [
        *(f"granted, never used: {grant}" for grant in sorted(granted - used - excused)),
        *(f"used, not granted: {grant}" for grant in sorted(used - granted)),
        *(f"excepted for nothing: {grant}" for grant in sorted(excused - (granted - used))),
    ]


def test_every_grant_is_used_and_every_use_is_granted(used: set[Grant]) -> None:
    assert differences(stack(ENVIRONMENT), used) == []


def anonymous(app: Application) -> set[Grant]:
    """The grants of an environment, without its name and its account."""
    name, account = f"tap-{app.environment.name}-", app.environment.account
    return {
        replace(each, resource=each.resource.replace(name, "tap-").replace(account, "ACCOUNT"))
        for each in grants(app)
    }


def test_every_environment_grants_the_same() -> None:
    first, *others = (anonymous(stack(each)) for each in ENVIRONMENTS)
    assert others == [first] * len(others)


def test_every_role_is_looked_at_or_excepted_with_a_reason() -> None:
    for environment in ENVIRONMENTS:
        for role in unnamed_roles(stack(environment)):
            assert any(known in role for known in ROLES_NOT_OURS), role
    assert all(exceptions(ENVIRONMENT).values())


def test_policies_allow_and_nothing_else() -> None:
    """So that comparing actions and resources compares all there is."""
    for policy, statement in stack(ENVIRONMENT).statements():
        assert set(statement) <= {"Action", "Effect", "Resource", "Sid"}, (policy, statement)
        assert statement["Effect"] == "Allow"
    for role in stack(ENVIRONMENT).resources("AWS::IAM::Role"):
        assert "Policies" not in role.properties, role.logical_id


def mutants(template: Application) -> Iterator[tuple[str, Application]]:
    """The template with one statement, action or resource less, or one wider."""
    for policy, _ in list(working(template)):
        resources = template.template["Resources"]
        statements = resources[policy]["Properties"]["PolicyDocument"]["Statement"]
        for number, statement in enumerate(statements):
            without = statements[:number] + statements[number + 1 :]
            yield f"{policy} without {number}", _with(template, policy, without)
            for what, changed in _changed(statement):
                mutated = [*statements[:number], changed, *statements[number + 1 :]]
                yield f"{policy}: {what}", _with(template, policy, mutated)


def _changed(statement: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in ("Action", "Resource"):
        values = as_list(statement[key])
        for value in values if len(values) > 1 else []:
            fewer = [each for each in values if each != value]
            yield f"{key} without {value}", statement | {key: fewer}
    service = as_list(statement["Action"])[0].partition(":")[0]
    yield "a wider action", statement | {"Action": f"{service}:*"}
    more = [*as_list(statement["Action"]), f"{service}:Delete"]
    yield "one action more", statement | {"Action": more}
    if statement["Resource"] != "*":
        yield "a wider resource", statement | {"Resource": "*"}


def _with(template: Application, policy: str, statements: list[Any]) -> Application:
    """Anew is what leads to the statements: there are thousands of mutants of a large template."""
    resources = template.template["Resources"]
    declared = resources[policy]
    document = declared["Properties"]["PolicyDocument"] | {"Statement": statements}
    changed = declared | {"Properties": declared["Properties"] | {"PolicyDocument": document}}
    whole = template.template | {"Resources": resources | {policy: changed}}
    return replace(template, template=whole)


def test_any_single_grant_less_or_more_is_noticed(used: set[Grant]) -> None:
    tried = list(mutants(stack(ENVIRONMENT)))
    assert len(tried) > 80
    assert [what for what, mutant in tried if not differences(mutant, used)] == []


def test_an_express_workflow_grants_what_it_uses() -> None:
    template = stack(ENVIRONMENT, options={"requests": {"workflow_type": "EXPRESS"}})
    needed = {grant for call in recorded("EXPRESS") for grant in needs(call, NAMES)}
    ours = {"processor", "sweeper", "workflow"}
    granted = {grant for grant in grants(template) if grant.role in ours}
    excepted = {grant for grant in exceptions(ENVIRONMENT) if grant.role in ours}
    assert granted - by_prefix(needed) == excepted
    assert by_prefix(needed) - granted == set()
