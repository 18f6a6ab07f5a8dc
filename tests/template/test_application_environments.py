"""A disposable environment goes with its data, the guarded one keeps it, and names are as agreed.

Proved on the synthesized templates. Not proved: that CloudFormation accepts them; the rehearsal
deploys them.
"""

from __future__ import annotations

import pytest

from tests.support.application_templates import (
    DISPOSABLE,
    ENVIRONMENTS,
    GUARDED,
    SETTINGS,
    Application,
    application,
)

# The property with the physical name, by the type of a resource.
NAMED = {
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


@pytest.fixture(params=ENVIRONMENTS, ids=[each.name for each in ENVIRONMENTS])
def app(request: pytest.FixtureRequest) -> Application:
    return application(request.param)


def test_physical_names_follow_from_the_environment(app: Application) -> None:
    name = f"tap-{app.environment.name}"
    assert app.stack_name == name
    bucket = app.only("AWS::S3::Bucket").properties["BucketName"]
    assert bucket == f"{name}-bucket-{app.environment.account}-{SETTINGS.region}"
    assert app.only("AWS::DynamoDB::").properties["TableName"] == f"{name}-requests"
    machine = app.only("AWS::StepFunctions::StateMachine")
    assert machine.properties["StateMachineName"] == f"{name}-statemachine"
    assert app.only("AWS::ApiGateway::RestApi").properties["Name"] == f"{name}-api"
    functions = [f.properties.get("FunctionName") for f in app.resources("AWS::Lambda::Function")]
    assert f"{name}-processor" in functions


def test_every_name_that_we_chose_begins_with_the_environments(app: Application) -> None:
    for resource in app.whole.resources():
        key = NAMED.get(resource.type)
        if key and isinstance(name := resource.properties.get(key), str):
            assert name.startswith(f"tap-{app.environment.name}-"), resource.logical_id


def test_outputs_have_exactly_the_agreed_names(app: Application) -> None:
    assert app.template["Outputs"].keys() == {
        "RequestsApiUrl",
        "RequestsBucketName",
        "RequestsTableName",
        "RequestsStateMachineArn",
        "FilesApiUrl",
        "FilesResultsBucketName",
        "FilesTableName",
        "ApiGatewayUrl",
        "S3BucketName",
        "ImageProcessorArn",
        "DataTransformArn",
        "ApiHandlerArn",
        "SmokeRoleArn",
    }


def test_everything_that_can_be_tagged_says_whose_it_is(app: Application) -> None:
    expected = {
        "Project": "ServerlessInfrastructure",
        "Environment": app.environment.name,
        "CostCenter": "Engineering",
        "ManagedBy": "CDK",
    }
    for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue"):
        for resource in app.whole.resources(kind):
            tags = {tag["Key"]: tag["Value"] for tag in resource.properties["Tags"]}
            assert tags.items() >= expected.items(), resource.logical_id


def test_a_disposable_environment_goes_with_its_data() -> None:
    stack = application(DISPOSABLE).whole
    assert not stack.termination_protection
    policies = {r.declaration.get("DeletionPolicy", "Delete") for r in stack.resources()}
    assert policies == {"Delete"}
    assert list(stack.resources("Custom::S3AutoDeleteObjects"))
    for table in stack.resources("AWS::DynamoDB::"):
        assert table.properties["Replicas"][0]["DeletionProtectionEnabled"] is False


def test_the_guarded_environments_data_survives_its_stack() -> None:
    stack = application(GUARDED).whole
    assert stack.termination_protection
    assert not list(stack.resources("Custom::"))
    kinds = ("AWS::S3::Bucket", "AWS::DynamoDB::", "AWS::SQS::Queue")
    stores = [store.declaration for kind in kinds for store in stack.resources(kind)]
    assert len(stores) == 3 + 2 + 2
    for store in stores:
        assert (store["DeletionPolicy"], store["UpdateReplacePolicy"]) == (
            "RetainExceptOnCreate",
            "Retain",
        )
    for table in stack.resources("AWS::DynamoDB::"):
        replica = table.properties["Replicas"][0]
        assert replica["DeletionProtectionEnabled"] is True
        recovery = replica["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True


def test_every_log_group_ends_after_a_week(app: Application) -> None:
    groups = list(app.whole.resources("AWS::Logs::LogGroup"))
    assert groups
    assert {group.properties["RetentionInDays"] for group in groups} == {7}


def test_every_function_logs_to_a_group_of_ours(app: Application) -> None:
    for function in app.whole.resources("AWS::Lambda::Function"):
        assert "Ref" in function.properties["LoggingConfig"]["LogGroup"], function.logical_id


@pytest.mark.parametrize(("setting", "value"), [("x86_64", "x86_64"), ("arm64", "arm64")])
def test_the_architecture_is_a_setting(setting: str, value: str) -> None:
    app = application(GUARDED, architecture=setting)
    functions = list(app.whole.resources("AWS::Lambda::Function"))
    # With the hooks of both services.
    assert len(functions) == 2 + 3 + 2
    assert all(each.properties["Architectures"] == [value] for each in functions)
