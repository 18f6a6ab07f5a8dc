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

from services.requests.options import LARGEST_BODY_BYTES, RequestOptions
from services.requests.runtime.models import ACCEPTANCE_TAG, ACCEPTED_TAG, UNDECIDED_TAG
from services.requests.workflow import definition
from tests.support.application_templates import (
    DISPOSABLE,
    ENVIRONMENTS,
    SETTINGS,
    Application,
    application,
    as_list,
)

WORK = definition()["States"]["Work"]["Branches"][0]["States"]


@pytest.fixture(params=ENVIRONMENTS, ids=[each.name for each in ENVIRONMENTS])
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
    one = application(DISPOSABLE, cors_origins=("https://a.example.com",))
    text = json.dumps(one.template)
    assert "'https://a.example.com'" in text
    assert 'Access-Control-Allow-Origin": "\'*\'"' not in text
    assert "'*'" not in json.dumps(application(DISPOSABLE).template)


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


def services_own(app: Application) -> Iterator[tuple[str, dict[str, Any]]]:
    """Statements of all roles but those that deploy (test_application_rollout.py)."""
    return (each for each in app.statements() if "Rollout" not in each[0])


def test_roles_have_exactly_the_actions_that_the_code_calls(app: Application) -> None:
    granted: dict[str, set[str]] = {}
    for policy, statement in services_own(app):
        actions = {a for a in as_list(statement["Action"]) if not a.startswith(UNSCOPED)}
        granted.setdefault(policy.partition("Role")[0], set()).update(actions)
    assert granted == {
        "RequestsProcessor": {
            "s3:PutObject",
            "s3:PutObjectTagging",
            "dynamodb:PutItem",
            "dynamodb:GetItem",
            "states:StartExecution",
        },
        "RequestsSweeper": {
            "s3:ListBucket",
            "s3:PutObjectTagging",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "states:DescribeExecution",
            "states:StartExecution",
        },
        "RequestsStateMachine": {"dynamodb:UpdateItem", "s3:ListBucket", "s3:PutObjectTagging"},
        "Smoke": {"execute-api:Invoke"},
    }


def test_no_statement_is_wider_than_a_resource_of_ours(app: Application) -> None:
    for _, statement in services_own(app):
        scoped = [a for a in as_list(statement["Action"]) if not a.startswith(UNSCOPED)]
        if scoped:
            assert "*" not in as_list(statement["Resource"]), scoped
        assert not [action for action in as_list(statement["Action"]) if "*" in action]


def test_payload_permissions_end_at_the_payload_prefix(app: Application) -> None:
    for _, statement in app.statements():
        if as_list(statement["Action"])[0].startswith("s3:Put"):
            assert json.dumps(statement["Resource"]).count("/requests/*") == 1


def test_the_smoke_role_trusts_one_role_and_reaches_one_stage(app: Application) -> None:
    (role,) = [
        role
        for role in app.resources("AWS::IAM::Role")
        if role.properties.get("RoleName") == f"tap-{app.environment.name}-smoke"
    ]
    (trust,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    smoke_project = (
        f"arn:aws:iam::{SETTINGS.tools_account}:role/tap-pipeline-smoke-{app.environment.name}"
    )
    assert trust["Principal"] == {"AWS": smoke_project}
    assert trust["Action"] == "sts:AssumeRole"
    (statement,) = [s for policy, s in app.statements() if policy.startswith("Smoke")]
    reached = [resource["Fn::Join"][1] for resource in statement["Resource"]]
    ends = [parts[-1] for parts in reached if "RequestsApi" in json.dumps(parts)]
    assert ends == ["/POST/", "/GET/requests/*"]


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state of a definition, with its name, those inside branches included."""
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from states(branch)


def test_a_payload_expires_until_a_workflow_or_the_sweeper_took_it_on(app: Application) -> None:
    bucket = app.only("AWS::S3::Bucket").properties
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    uploaded = {"Key": ACCEPTANCE_TAG, "Value": UNDECIDED_TAG}
    assert rules["orphans"]["TagFilters"] == [uploaded]
    assert (rules["orphans"]["Prefix"], rules["orphans"]["ExpirationInDays"]) == ("requests/", 7)
    # No other rule takes a current version away.
    assert [name for name, rule in rules.items() if "ExpirationInDays" in rule] == ["orphans"]
    (adoption,) = WORK["PayloadIsStored"]["Arguments"]["Tagging"]["TagSet"]
    assert adoption == {"Key": ACCEPTANCE_TAG, "Value": ACCEPTED_TAG}


def test_pending_rows_are_found_through_an_index_of_their_own(app: Application) -> None:
    table = app.only("AWS::DynamoDB::").properties
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "pending"
    keys = [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
    assert keys == [("pending", "HASH"), ("pending_since", "RANGE")]


def test_the_sweeper_is_called_every_minute_and_a_missed_call_is_not_repeated(
    app: Application,
) -> None:
    rule = app.only("AWS::Events::Rule").properties
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    (target,) = rule["Targets"]
    alias = target["Arn"]
    assert alias["Ref"].startswith("RequestsSweeperLive")
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
    permissions = app.resources("AWS::Lambda::Permission")
    assert alias in [p.properties["FunctionName"] for p in permissions]


def test_both_functions_are_told_the_same_stores_and_workflow(app: Application) -> None:
    variables = {
        function.properties["FunctionName"]: function.properties["Environment"]["Variables"]
        for function in app.resources("AWS::Lambda::Function")
        if function.properties.get("FunctionName", "").startswith("tap-")
    }
    api = variables[f"tap-{app.environment.name}-processor"]
    sweeper = variables[f"tap-{app.environment.name}-sweeper"]
    assert sweeper.items() <= api.items()
    assert api["MAX_BODY_BYTES"] == str(1024 * 1024)
    assert api["WORKFLOW_TYPE"] == "STANDARD"


def test_the_limit_of_a_body_is_a_setting() -> None:
    stack = application(DISPOSABLE, options={"requests": {"max_body_bytes": 12345}})
    limits = [
        function.properties["Environment"]["Variables"].get("MAX_BODY_BYTES")
        for function in stack.resources("AWS::Lambda::Function")
        if "Environment" in function.properties
    ]
    assert "12345" in limits


@pytest.mark.parametrize("limit", [0, -1, LARGEST_BODY_BYTES + 1])
def test_a_limit_that_the_platform_does_not_allow_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="max_body_bytes"):
        RequestOptions(max_body_bytes=limit)


def test_an_unknown_type_of_workflow_is_refused() -> None:
    with pytest.raises(ValueError, match="workflow_type is 'FAST'"):
        RequestOptions(workflow_type="FAST")


class TestAnExpressWorkflow:
    """Many short requests at a lower price: once each because of the claim, not of the name."""

    @staticmethod
    def app() -> Application:
        return application(DISPOSABLE, options={"requests": {"workflow_type": "EXPRESS"}})

    def test_is_a_setting(self) -> None:
        machine = self.app().only("AWS::StepFunctions::StateMachine").properties
        assert machine["StateMachineType"] == "EXPRESS"
        # The type is changed by replacement, for which the name must be another one.
        assert machine["StateMachineName"] == f"tap-{DISPOSABLE.name}-statemachine-express"
        assert json.loads(machine["DefinitionString"]) == definition("EXPRESS")

    def test_is_told_to_both_functions(self) -> None:
        told = [
            function.properties["Environment"]["Variables"]["WORKFLOW_TYPE"]
            for function in self.app().resources("AWS::Lambda::Function")
            if "WORKFLOW_TYPE" in function.properties.get("Environment", {}).get("Variables", {})
        ]
        assert told == ["EXPRESS", "EXPRESS"]

    def test_is_never_asked_what_became_of_an_execution(self) -> None:
        actions = [a for _, s in self.app().statements() for a in as_list(s["Action"])]
        assert "states:DescribeExecution" not in actions

    def test_claims_by_a_token_that_every_run_draws_and_no_retry_changes(self) -> None:
        machine = definition("EXPRESS")
        assert machine["StartAt"] == "Token"
        token = machine["States"]["Token"]
        assert token == {"Type": "Pass", "Assign": {"token": "{% $uuid() %}"}, "Next": "Claim"}
        for name in ("Claim", "Complete", "MarkFailed"):
            values = machine["States"][name]["Arguments"]["ExpressionAttributeValues"]
            assert values[":claimant"] == {"S": "{% $token %}"}, name

    def test_gives_up_completing_within_the_five_minutes_it_may_live(self) -> None:
        assert longest_wait(definition("EXPRESS")["States"]["Complete"]) < 300 - 30

    def test_differs_from_a_standard_one_in_nothing_else(self) -> None:
        express, standard = definition("EXPRESS"), definition("STANDARD")
        del express["States"]["Token"]
        del express["States"]["Complete"]["Retry"], standard["States"]["Complete"]["Retry"]
        express["StartAt"] = standard["StartAt"]
        by_execution = json.dumps(express).replace("$token", "$states.context.Execution.Id")
        assert json.loads(by_execution) == standard


@pytest.mark.parametrize("workflow_type", ["STANDARD", "EXPRESS"])
def test_a_row_is_claimed_by_one_and_ends_once(workflow_type: str) -> None:
    top = definition(workflow_type)["States"]
    conditions = {
        name: top[name]["Arguments"]["ConditionExpression"]
        for name in ("Claim", "Complete", "MarkFailed")
    }
    assert conditions == {
        "Claim": "#status = :accepted OR (#status = :processing AND claimed_by = :claimant)",
        "Complete": "claimed_by = :claimant AND #status <> :failed",
        "MarkFailed": "#status = :accepted OR (claimed_by = :claimant AND #status <> :completed)",
    }


def test_a_row_leaves_the_index_when_it_ends_and_only_then() -> None:
    top = definition()["States"]
    for name in ("Complete", "MarkFailed"):
        assert "REMOVE pending, pending_since" in top[name]["Arguments"]["UpdateExpression"]
    claim = top["Claim"]["Arguments"]
    assert "REMOVE" not in claim["UpdateExpression"]
    since = claim["ExpressionAttributeValues"][":since"]["S"]
    assert since == "{% 'processing ' & $now() %}"


def test_every_failure_on_the_way_marks_the_row() -> None:
    top = definition()["States"]
    for name in ("Claim", "Work", "Complete"):
        catchers = top[name]["Catch"]
        assert catchers[-1]["ErrorEquals"] == ["States.ALL"]
        assert catchers[-1]["Next"] == "MarkFailed"
    # With the first failure, whether the row took it or not.
    assert top["MarkFailed"]["Next"] == "Failed"
    assert top["MarkFailed"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]
    assert top["Failed"]["Type"] == "Fail"


def longest_wait(state: dict[str, Any]) -> int:
    """Seconds between a task's first try and its last, without jitter and the tries themselves."""
    retrier = state["Retry"][-1]
    waits = (
        retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n
        for n in range(retrier["MaxAttempts"])
    )
    return sum(min(wait, retrier["MaxDelaySeconds"]) for wait in waits)


def test_work_that_was_done_is_recorded_for_hours_and_never_called_a_failure_of_its_own() -> None:
    complete = definition()["States"]["Complete"]
    assert longest_wait(complete) > 12 * 3600
    (catcher,) = complete["Catch"]
    assert catcher["Assign"]["failure"]["error"] == "CompletionNotRecorded"


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
    assert "putObjectTagging" in branch["States"]["PayloadIsStored"]["Resource"]
    assert [n for n, s in top.items() if s.get("Next") == "Complete"] == ["Work"]
