"""A hostile or careless edit inside a nested stack is caught like one outside.

Proves it for edits of the file service's own template as it is synthesized: its roles, alarms,
queues, buckets and bills of materials. Does not prove that the template deploys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gates.delivery import Delivery
from gates.rules import RULES
from gates.supply_chain.assets import assets
from tests.gates.drafts import Draft
from tests.support.synthesis import Assembly

Resources = dict[str, Any]


def nested(draft: Draft) -> Resources:
    """The resources of prod's file service."""
    (file,) = (name for name in draft.documents if "Prod" in name and "Files" in name)
    resources: Resources = draft.documents[file]["Resources"]
    return resources


def first(resources: Resources, kind: str, beginning: str = "") -> Any:
    return next(
        each
        for name, each in resources.items()
        if each["Type"] == kind and name.startswith(beginning)
    )


def statements(resources: Resources, beginning: str) -> Any:
    policy = first(resources, "AWS::IAM::Policy", beginning)
    return policy["Properties"]["PolicyDocument"]["Statement"]


def widen_a_role(resources: Resources) -> None:
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    statements(resources, "ImagesWorker").append(everything)


def trust_a_stranger(resources: Resources) -> None:
    role = first(resources, "AWS::IAM::Role", "Tables")
    trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    stranger = {"AWS": "arn:aws:iam::999999999999:root"}
    trust.append({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": stranger})


def let_anybody_read_results(resources: Resources) -> None:
    policy = first(resources, "AWS::S3::BucketPolicy", "Results")
    anybody = {"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*", "Resource": "*"}
    policy["Properties"]["PolicyDocument"]["Statement"].append(anybody)


def write_where_it_is_triggered(resources: Resources) -> None:
    uploads = next(name for name in resources if name.startswith("Uploads"))
    target = {"Fn::Join": ["", [{"Fn::GetAtt": [uploads, "Arn"]}, "/*"]]}
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": target}
    statements(resources, "ImagesWorker").append(statement)


def lose_uploads_with_the_stack(resources: Resources) -> None:
    first(resources, "AWS::S3::Bucket", "Uploads")["DeletionPolicy"] = "Delete"


def drop_recovery(resources: Resources) -> None:
    table = first(resources, "AWS::DynamoDB::GlobalTable")
    del table["Properties"]["Replicas"][0]["PointInTimeRecoverySpecification"]


def log_bodies(resources: Resources) -> None:
    stage = first(resources, "AWS::ApiGateway::Stage")
    stage["Properties"]["MethodSettings"][0]["DataTraceEnabled"] = True


def lift_a_limit_in_prod_alone(resources: Resources) -> None:
    worker = first(resources, "AWS::Lambda::Function", "Images")
    del worker["Properties"]["ReservedConcurrentExecutions"]


def skip_the_canary(resources: Resources) -> None:
    group = first(resources, "AWS::CodeDeploy::DeploymentGroup")
    group["Properties"]["DeploymentConfigName"] = "CodeDeployDefault.LambdaAllAtOnce"


def heed_no_alarm_in_prod_alone(resources: Resources) -> None:
    group = first(resources, "AWS::CodeDeploy::DeploymentGroup")
    group["Properties"]["AlarmConfiguration"]["Enabled"] = False


def move_an_alias_at_once(resources: Resources) -> None:
    del first(resources, "AWS::Lambda::Alias")["UpdatePolicy"]


def start_past_the_alias(resources: Resources) -> None:
    function = next(name for name in resources if name.startswith("ImagesWorkerFunction"))
    permission = first(resources, "AWS::Lambda::Permission", "Images")
    permission["Properties"]["FunctionName"] = {"Fn::GetAtt": [function, "Arn"]}


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        ("TAP-701", widen_a_role),
        ("TAP-701", trust_a_stranger),
        ("TAP-701", let_anybody_read_results),
        ("TAP-104", write_where_it_is_triggered),
        ("TAP-201", lose_uploads_with_the_stack),
        ("TAP-203", drop_recovery),
        ("TAP-101", log_bodies),
        ("TAP-413", lift_a_limit_in_prod_alone),
        ("TAP-413", skip_the_canary),
        ("TAP-413", heed_no_alarm_in_prod_alone),
        ("TAP-506", move_an_alias_at_once),
        ("TAP-506", start_past_the_alias),
    ],
)
def test_an_edit_of_a_nested_template_is_caught(
    delivery: Delivery, rule: str, edit: Callable[[Resources], None]
) -> None:
    draft = Draft.of(delivery)
    edit(nested(draft))
    known = set(RULES[rule].findings(delivery))
    found = set(RULES[rule].findings(draft.delivery)) - known
    assert any("Files" in each.path or "Files" in each.template for each in found), found


@pytest.mark.parametrize(
    ("rule", "alarm"),
    [
        ("TAP-501", "image-processor-errors"),
        ("TAP-501", "data-transformer-errors"),
        ("TAP-501", "files-handler-errors"),
        ("TAP-502", "files-api-5xx"),
        ("TAP-504", "image-processor-dead-not-empty"),
        ("TAP-504", "data-transformer-dead-not-empty"),
    ],
)
def test_an_alarm_that_a_nested_thing_loses_is_missed(
    delivery: Delivery, rule: str, alarm: str
) -> None:
    draft = Draft.of(delivery)
    resources = draft.resources("tap-prod")
    (name,) = (
        name
        for name, each in resources.items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
        and each["Properties"]["AlarmName"] == f"tap-prod-{alarm}"
    )
    del resources[name]
    assert list(RULES[rule].findings(delivery)) == []
    (finding,) = RULES[rule].findings(draft.delivery)
    assert "Files" in finding.path


def test_functions_of_a_nested_stack_have_bills_of_materials(assembly: Assembly) -> None:
    shipped = [
        {package.name for package in asset.packages}
        for asset in assets(assembly.directory)
        if asset.service == "files"
    ]
    assert len(shipped) == 3
    assert sum("pyvips-binary" in packages for packages in shipped) == 1
    assert sum("arro3-core" in packages for packages in shipped) == 1
