"""The request service's template keeps strangers out, data in, and every failure on record.

Proved on the synthesized templates: who may call, what is encrypted and logged, which actions the
roles have, and the shape of the workflow. Not proved: that the workflow runs; the rehearsal does
that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from application_templates import Application, application, as_list

from services.requests.workflow import definition


@pytest.fixture(params=["dev", "prod"])
def app(request: pytest.FixtureRequest) -> Application:
    return application(request.param)


def test_every_method_but_a_preflight_needs_a_signature(app: Application) -> None:
    methods = {
        (method.properties["HttpMethod"], method.properties["AuthorizationType"])
        for method in app.resources("AWS::ApiGateway::Method")
    }
    assert methods == {("POST", "AWS_IAM"), ("GET", "AWS_IAM"), ("OPTIONS", "NONE")}


def test_the_stage_is_throttled_and_logs_calls_but_no_bodies(app: Application) -> None:
    stage = app.only("AWS::ApiGateway::Stage").properties
    (settings,) = stage["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)
    assert settings["DataTraceEnabled"] is False
    assert stage["StageName"] == "v1"
    assert stage["TracingEnabled"] is True
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert line["request_id"] == "$context.requestId"
    assert not [value for value in line.values() if not value.startswith("$context.")]


def test_browsers_are_let_in_from_named_origins_only() -> None:
    one = application("dev", cors_origins=("https://a.example.com",))
    text = json.dumps(one.template)
    assert "'https://a.example.com'" in text
    assert 'Access-Control-Allow-Origin": "\'*\'"' not in text
    assert "'*'" not in json.dumps(application("dev").template)


def test_what_the_api_refuses_itself_is_a_problem_document(app: Application) -> None:
    responses = list(app.resources("AWS::ApiGateway::GatewayResponse"))
    kinds = {response.properties["ResponseType"] for response in responses}
    assert kinds == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for response in responses:
        template = response.properties["ResponseTemplates"]["application/json"]
        # The one variable that API Gateway fills in with its quotes.
        filled = template.replace("$context.error.messageString", '"Forbidden"')
        assert json.loads(filled)["type"] == "urn:tap:problem:gateway"


def test_the_bucket_is_private_encrypted_versioned_and_tls_only(app: Application) -> None:
    bucket = app.only("AWS::S3::Bucket").properties
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    policy = app.only("AWS::S3::BucketPolicy").properties["PolicyDocument"]["Statement"]
    refusals = [s["Condition"] for s in policy if s["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refusals


def test_the_table_is_on_demand_and_encrypted(app: Application) -> None:
    table = app.only("AWS::DynamoDB::").properties
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["KeySchema"] == [{"AttributeName": "request_id", "KeyType": "HASH"}]


def test_the_workflow_is_standard_traced_and_logs_no_data(app: Application) -> None:
    machine = app.only("AWS::StepFunctions::StateMachine").properties
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["DefinitionSubstitutions"].keys() == {"TableName", "BucketName"}


# Actions without resource-level permissions ("Actions, resources, and condition keys" pages of
# CloudWatch Logs and X-Ray in the Service Authorization Reference).
UNSCOPED = ("logs:", "xray:")


def test_roles_have_exactly_the_actions_that_the_code_calls(app: Application) -> None:
    granted: dict[str, set[str]] = {}
    for policy, statement in app.statements():
        actions = {a for a in as_list(statement["Action"]) if not a.startswith(UNSCOPED)}
        granted.setdefault(policy.partition("Role")[0], set()).update(actions)
    assert granted == {
        "RequestsProcessor": {
            "s3:PutObject",
            "dynamodb:PutItem",
            "dynamodb:GetItem",
            "states:StartExecution",
        },
        "RequestsStateMachine": {"dynamodb:UpdateItem", "s3:GetObject"},
        "Smoke": {"execute-api:Invoke"},
    }


def test_no_statement_is_wider_than_a_resource_of_ours(app: Application) -> None:
    for _, statement in app.statements():
        scoped = [a for a in as_list(statement["Action"]) if not a.startswith(UNSCOPED)]
        if scoped:
            assert "*" not in as_list(statement["Resource"]), scoped
        assert not [action for action in as_list(statement["Action"]) if "*" in action]


def test_payload_permissions_end_at_the_payload_prefix(app: Application) -> None:
    for _, statement in app.statements():
        if as_list(statement["Action"])[0].startswith("s3:"):
            assert json.dumps(statement["Resource"]).count("/requests/*") == 1


def test_the_smoke_role_trusts_one_role_and_reaches_one_stage(app: Application) -> None:
    (role,) = [
        role
        for role in app.resources("AWS::IAM::Role")
        if role.properties.get("RoleName") == f"tap-{app.environment}-smoke"
    ]
    (trust,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    smoke_project = f"arn:aws:iam::111111111111:role/tap-pipeline-smoke-{app.environment}"
    assert trust["Principal"] == {"AWS": smoke_project}
    assert trust["Action"] == "sts:AssumeRole"
    (statement,) = [s for policy, s in app.statements() if policy.startswith("Smoke")]
    ends = [resource["Fn::Join"][1][-1] for resource in statement["Resource"]]
    assert ends == ["/POST/", "/GET/requests/*"]


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state of a definition, with its name, those inside branches included."""
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from states(branch)


def test_every_failure_on_the_way_marks_the_row() -> None:
    top = definition()["States"]
    for name in ("Claim", "Work", "Complete"):
        catchers = top[name]["Catch"]
        assert catchers[-1]["ErrorEquals"] == ["States.ALL"]
        assert catchers[-1]["Next"] == "MarkFailed"
    assert top["MarkFailed"]["Next"] == "Failed"
    assert top["Failed"]["Type"] == "Fail"


def test_the_users_own_work_is_inside_what_is_caught() -> None:
    inside = definition()["States"]["Work"]["Branches"][0]["States"]
    assert inside["Process"]["Type"] == "Pass"


def test_every_task_is_retried_and_every_write_is_conditional() -> None:
    tasks = {name: s for name, s in states(definition()) if s["Type"] == "Task"}
    assert tasks.keys() == {"Claim", "PayloadIsStored", "Complete", "MarkFailed"}
    for name, task in tasks.items():
        final, general = task["Retry"]
        assert final["MaxAttempts"] == 0, name
        assert general["MaxAttempts"] > 0, name
        if "dynamodb" in task["Resource"]:
            assert task["Arguments"]["ConditionExpression"], name
            assert final["ErrorEquals"] == ["DynamoDB.ConditionalCheckFailedException"]


def test_the_workflow_completes_only_through_the_payload_check() -> None:
    top = definition()["States"]
    branch = top["Work"]["Branches"][0]
    assert top["Claim"]["Next"] == "Work"
    assert branch["StartAt"] == "PayloadIsStored"
    assert "headObject" in branch["States"]["PayloadIsStored"]["Resource"]
    assert [n for n, s in top.items() if s.get("Next") == "Complete"] == ["Work"]
