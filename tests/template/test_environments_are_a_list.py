"""An environment more is one entry of the settings: the pipeline delivers to it in its turn.

Proved on a pipeline synthesized with an environment between those of cdk.json: where its stage
stands, what the approval says, and that each has a smoke test of its own. Not proved: that the
delivery to it runs; and what account owners deploy for it is their templates' matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from pipeline.stack import STACK_ID, PipelineStack
from settings import Environment
from stages.options import ApplicationOptions
from tests.support.application_templates import SETTINGS, plain
from tests.support.apps import scratch_app

ANOTHER = Environment("another", "444444444444", disposable=True)
ENVIRONMENTS = (*SETTINGS.environments[:-1], ANOTHER, SETTINGS.guarded)


@pytest.fixture(scope="module")
def template() -> Template:
    settings = replace(SETTINGS, environments=ENVIRONMENTS)
    stack = PipelineStack(
        scratch_app(),
        STACK_ID,
        settings=settings,
        options=ApplicationOptions.parse({}),
        env=cdk.Environment(account=settings.tools_account, region=settings.region),
    )
    return Template.from_stack(stack)


def stages(template: Template) -> dict[str, list[Any]]:
    (pipeline,) = template.find_resources("AWS::CodePipeline::Pipeline").values()
    return {each["Name"]: plain(each["Actions"]) for each in pipeline["Properties"]["Stages"]}


def test_environments_come_in_their_order_and_the_approval_before_the_last(
    template: Template,
) -> None:
    *before, guarded = (each.stage for each in ENVIRONMENTS)
    assert list(stages(template))[-len(ENVIRONMENTS) - 2 :] == [
        *before,
        "Preview",
        "Promote",
        guarded,
    ]


def test_the_approver_is_told_where_it_was_tested_last_and_where_it_goes(
    template: Template,
) -> None:
    (approval,) = stages(template)["Promote"]
    question = approval["Configuration"]["CustomData"]
    assert f"to {SETTINGS.guarded.name} ({SETTINGS.guarded.account})" in question
    assert f"passed in {ANOTHER.name}. " in question


def test_each_environment_is_tested_by_its_own_role(template: Template) -> None:
    roles = template.find_resources("AWS::IAM::Role").values()
    assumed = {
        role["Properties"]["RoleName"]: statement["Resource"]
        for role in roles
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole"
    }
    for looks in ("preview", f"enter-{SETTINGS.guarded.name}"):
        assert f"::{SETTINGS.guarded.account}:role/cdk-" in assumed.pop(f"tap-pipeline-{looks}")
    assert assumed == {
        f"tap-pipeline-smoke-{each.name}": each.smoke_role_arn for each in ENVIRONMENTS
    }
    for each in ENVIRONMENTS:
        assert [a["Name"] for a in stages(template)[each.stage]][-1] == "Smoke"
