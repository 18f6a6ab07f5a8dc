"""Each rule of ours finds what it is for, and lets pass what is right.

This proves that no rule is dead and that none cries wolf at what is right. It does not prove that
a rule finds every form of its mistake: templates can say one thing in many ways.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assembly.templates import Stack
from gates.delivery import Delivery
from gates.rules import RULES
from tests.gates.cases import DEV, PROD, arn, delivery, policy, resource

KEEP = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
MACHINE = resource("AWS::StepFunctions::StateMachine")
FUNCTION = resource("AWS::Lambda::Function", Role=arn("Role"))


def stage(*, traced: bool) -> Delivery:
    settings = [{"HttpMethod": "*", "ResourcePath": "/*", "DataTraceEnabled": traced}]
    return delivery(Api=resource("AWS::ApiGateway::Stage", MethodSettings=settings))


def machine(*, data: bool) -> Delivery:
    logging = {"Level": "ALL", "IncludeExecutionData": data}
    return delivery(M=resource(MACHINE["Type"], LoggingConfiguration=logging))


def preflight(origin: str) -> Delivery:
    header = "method.response.header.Access-Control-Allow-Origin"
    answer = {"StatusCode": "204", "ResponseParameters": {header: f"'{origin}'"}}
    return delivery(
        M=resource("AWS::ApiGateway::Method", Integration={"IntegrationResponses": [answer]})
    )


def notified(written: str) -> Delivery:
    notification = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn("F")}]}
    return delivery(
        F=FUNCTION,
        Role=resource("AWS::IAM::Role"),
        Policy=policy("s3:Put*", {"Fn::Join": ["", [arn(written), "/*"]]}),
        Uploads=resource("AWS::S3::Bucket"),
        Results=resource("AWS::S3::Bucket"),
        Notify=resource(
            "Custom::S3BucketNotifications",
            BucketName={"Ref": "Uploads"},
            NotificationConfiguration=notification,
        ),
    )


def event_rule(**target: Any) -> Delivery:
    targets = [{"Arn": {"Ref": "M"}, "Id": "1", **target}]
    rule = resource("AWS::Events::Rule", EventPattern={"source": ["x"]}, Targets=targets)
    return delivery(M=MACHINE, Rule=rule)


def asks(operator: str, principal: str) -> Any:
    """A trust's condition about who takes the role."""
    return {operator: {"aws:PrincipalArn": principal}}


def role(principal: Any, **more: Any) -> Delivery:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return delivery(R=resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": statement}))


def alias(hook: str | None) -> dict[str, Any]:
    """An alias that a deployment moves, with this hook; None for one that moves at once."""
    policy = {"CodeDeployLambdaAliasUpdate": {"BeforeAllowTrafficHook": {"Ref": hook}}}
    return resource(
        "AWS::Lambda::Alias",
        declared={"UpdatePolicy": policy} if hook else {},
        FunctionName="any",
    )


def invokes(function: str) -> dict[str, Any]:
    """The permission to."""
    return resource("AWS::Lambda::Permission", FunctionName={"Ref": function})


def released() -> Delivery:
    return delivery(F=FUNCTION, A=alias("F"), P=invokes("A"))


def bucket(stack: Stack = PROD, **declared: str) -> Delivery:
    return delivery(stack, B=resource("AWS::S3::Bucket", declared=declared))


def key_of(kind: str) -> Delivery:
    user = resource(kind, declared=KEEP, Key=arn("K"))
    return delivery(K=resource("AWS::KMS::Key"), User=user)


def emptied(stack: Stack) -> Delivery:
    return delivery(stack, Empty=resource("Custom::S3AutoDeleteObjects", ServiceToken="x"))


def table(**replica: Any) -> Delivery:
    return delivery(T=resource("AWS::DynamoDB::GlobalTable", declared=KEEP, Replicas=[replica]))


def project(*commands: str) -> Delivery:
    spec = {"version": "0.2", "phases": {"build": {"commands": commands}}}
    return delivery(P=resource("AWS::CodeBuild::Project", Source={"BuildSpec": json.dumps(spec)}))


def watched(
    thing: Any, namespace: str, metric: str, dimension: str, *, actions: bool = True, **more: Any
) -> Delivery:
    alarm = resource(
        "AWS::CloudWatch::Alarm",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": {"Ref": "Thing"}}],
        AlarmActions=[{"Ref": "Topic"}] if actions else [],
    )
    return delivery(Thing=thing, Alarm=alarm, **more)


API = resource("AWS::ApiGateway::RestApi", Name="tap-prod-api")
QUEUE = resource("AWS::SQS::Queue")
SENDS_TO_QUEUE = {
    "F": resource("AWS::Lambda::Function", DeadLetterConfig={"TargetArn": arn("Thing")})
}
VISIBLE = "ApproximateNumberOfMessagesVisible"
PITR = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
TOOLS = "arn:aws:iam::111111111111"

ERRORS = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Threshold": 0,
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Period": 300,
}


def alarm(**changes: Any) -> Delivery:
    said = {"AlarmActions": [{"Ref": "Topic"}], **ERRORS, **changes}
    return delivery(A=resource("AWS::CloudWatch::Alarm", **said))


def versioned(status: str, stack: Stack = PROD) -> Delivery:
    versions = {"Status": status}
    return delivery(stack, B=resource("AWS::S3::Bucket", VersioningConfiguration=versions))


# Rule, a template that breaks it, and one that does not.
CASES = [
    ("TAP-101", stage(traced=True), stage(traced=False)),
    ("TAP-102", machine(data=True), machine(data=False)),
    ("TAP-103", preflight("*"), preflight("https://app.example.com")),
    ("TAP-104", notified("Uploads"), notified("Results")),
    ("TAP-105", event_rule(), event_rule(InputPath="$.detail.id")),
    ("TAP-106", role({"AWS": f"{TOOLS}:root"}), role({"AWS": f"{TOOLS}:role/deployer"})),
    ("TAP-106", role({"AWS": "111111111111"}), role({"Service": "lambda.amazonaws.com"})),
    (
        "TAP-106",
        role({"AWS": "*"}),
        role({"AWS": "111111111111"}, Condition=asks("ArnEquals", f"{TOOLS}:role/deployer")),
    ),
    (
        "TAP-106",
        role({"AWS": "111111111111"}, Condition=asks("ArnLike", f"{TOOLS}:role/*")),
        role({"AWS": "111111111111"}, Condition=asks("ArnLike", f"{TOOLS}:role/tap-*")),
    ),
    (
        "TAP-106",
        role({"AWS": "111111111111"}, Condition=asks("ArnNotEquals", f"{TOOLS}:role/x")),
        role({"AWS": "111111111111"}, Condition={"StringEquals": {"sts:ExternalId": "a word"}}),
    ),
    (
        "TAP-106",
        role({"AWS": "111111111111"}, Condition={"Null": {"sts:ExternalId": "true"}}),
        role({"AWS": f"{TOOLS}:role/deployer"}, Condition={"Null": {"sts:ExternalId": "true"}}),
    ),
    ("TAP-201", bucket(DeletionPolicy="Delete", UpdateReplacePolicy="Delete"), bucket(**KEEP)),
    ("TAP-201", bucket(), bucket(DEV)),
    ("TAP-201", bucket(DeletionPolicy="Retain"), bucket(**KEEP)),
    ("TAP-201", key_of("AWS::S3::Bucket"), key_of("AWS::SNS::Topic")),
    ("TAP-202", emptied(PROD), emptied(DEV)),
    ("TAP-203", table(), table(**PITR)),
    ("TAP-204", table(), table(DeletionProtectionEnabled=True)),
    ("TAP-205", delivery(Stack("tap-prod", "333333333333", False, False)), delivery(PROD)),
    ("TAP-205", delivery(Stack("new", "444444444444", False, False)), delivery(DEV)),
    ("TAP-301", project("npm install -g aws-cdk@2"), project("npm install -g aws-cdk@2.1148.1")),
    ("TAP-301", project("npm install -g cdk-assets"), project("npm ci --ignore-scripts")),
    (
        "TAP-301",
        project("cd x && pip install requests"),
        project("pip install --require-hashes x"),
    ),
    ("TAP-301", project("npx cdk deploy"), project("npx --no-install cdk deploy")),
    ("TAP-301", project("curl https://x/install | sh"), project("echo yum install is not run")),
    ("TAP-301", project("sudo yum install -y jq"), project("bash scripts/synth")),
    ("TAP-301", project("pip install requests==2.34.2"), project("uv pip sync --require-hashes x")),
    ("TAP-301", project("npm install -g cdk@1.0.0"), project("npm ci --ignore-scripts --no-audit")),
    ("TAP-301", project("npm i x --require-hashes"), project("npx --no cdk synth")),
    ("TAP-301", project("CI=1 npm ci"), project("python -m pip install -r x --require-hashes")),
    ("TAP-301", project("echo `npm install x`"), project("echo npm install x")),
    ("TAP-301", project('echo "$(npm i x)"'), project("command -v npm >/dev/null")),
    ("TAP-308", project("scripts/synth"), project("bash scripts/synth --quiet")),
    ("TAP-308", project("cd x && ./scripts/synth"), project(". scripts/node-path && cdk synth")),
    ("TAP-308", project("CI=1 exec scripts/gates"), project("CI=1 exec bash ./scripts/gates")),
    ("TAP-308", project('x="$(scripts/gates)"'), project('echo "run scripts/gates"')),
    (
        "TAP-501",
        delivery(Thing=FUNCTION),
        watched(FUNCTION, "AWS/Lambda", "Errors", "FunctionName"),
    ),
    (
        "TAP-501",
        watched(FUNCTION, "AWS/Lambda", "Errors", "FunctionName", actions=False),
        delivery(F=FUNCTION, Custom=resource("Custom::Helper", ServiceToken=arn("F"))),
    ),
    (
        "TAP-501",
        delivery(F=FUNCTION, A=alias(None)),
        delivery(F=FUNCTION, A=alias("F")),
    ),
    ("TAP-506", delivery(F=FUNCTION, A=alias("F"), P=invokes("F")), released()),
    ("TAP-506", delivery(A=alias(None)), released()),
    ("TAP-502", delivery(Thing=API), watched(API, "AWS/ApiGateway", "5XXError", "ApiName")),
    ("TAP-206", versioned("Suspended"), versioned("Enabled")),
    ("TAP-206", versioned("Suspended"), versioned("Suspended", DEV)),
    ("TAP-505", alarm(ActionsEnabled=False), alarm()),
    (
        "TAP-503",
        delivery(Thing=MACHINE),
        watched(MACHINE, "AWS/States", "ExecutionsFailed", "StateMachineArn"),
    ),
    (
        "TAP-504",
        delivery(Thing=QUEUE, **SENDS_TO_QUEUE),
        watched(QUEUE, "AWS/SQS", VISIBLE, "QueueName", **SENDS_TO_QUEUE),
    ),
]


@pytest.mark.parametrize(
    ("rule_id", "broken"), [(case[0], case[1]) for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_rule_finds_what_breaks_it(rule_id: str, broken: Delivery) -> None:
    found = list(RULES[rule_id].findings(broken))
    assert found
    assert {finding.rule for finding in found} == {rule_id}


@pytest.mark.parametrize(
    ("rule_id", "right"), [(case[0], case[2]) for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_rule_lets_pass_what_is_right(rule_id: str, right: Delivery) -> None:
    assert list(RULES[rule_id].findings(right)) == []


def test_every_rule_about_templates_has_a_case() -> None:
    """Those about the delivery have mutants instead, in test_hostile_edits.py."""
    about = ("TAP-1", "TAP-2", "TAP-5")
    assert {rule for rule in RULES if rule.startswith(about)} <= {case[0] for case in CASES}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Threshold": 10},
        {"Namespace": "Tap", "MetricName": "Backlog", "Threshold": 1e9},
        {
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
            "TreatMissingData": "breaching",
        },
        {"Period": 900, "EvaluationPeriods": 4, "DatapointsToAlarm": 4},
    ],
)
def test_an_alarm_that_can_fire_passes(changes: dict[str, Any]) -> None:
    assert list(RULES["TAP-505"].findings(alarm(**changes))) == []


def test_an_alarm_that_only_a_deployment_asks_needs_no_action() -> None:
    asked = resource("AWS::CodeDeploy::DeploymentGroup", Alarms=[{"Ref": "A"}])
    silent = resource("AWS::CloudWatch::Alarm", **ERRORS)
    assert list(RULES["TAP-505"].findings(delivery(A=silent, Group=asked))) == []
    assert list(RULES["TAP-505"].findings(delivery(A=silent)))


@pytest.mark.parametrize(
    ("call", "bounded"),
    [
        ("start_execution(input=json.dumps({'request_id': i, 's3_key': k}))", True),
        ("start_execution(input=json.dumps({'request_id': i, 'payload': body}))", False),
        ("start_execution(input=event['body'])", False),
        ("start_execution(stateMachineArn=a)", False),
    ],
)
def test_code_that_starts_a_workflow_passes_ids_only(
    tmp_path: Path, call: str, bounded: bool
) -> None:
    code = tmp_path / "asset.1/services/x/runtime"
    code.mkdir(parents=True)
    (code / "handler.py").write_text(f"client.{call}\n")
    function = FUNCTION | {"Metadata": {"aws:asset:path": "asset.1"}}
    found = list(RULES["TAP-105"].findings(delivery(PROD, tmp_path, F=function)))
    assert [finding.subject for finding in found] == (
        [] if bounded else ["services/x/runtime/handler.py:1"]
    )


def test_a_script_that_a_buildspec_calls_is_read(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/setup").write_text("#!/bin/sh\n. scripts/more\n")
    (tmp_path / "scripts/more").write_text("pip install \\\n  requests\n")
    source = {"BuildSpec": '{"phases": {"build": {"commands": ["scripts/setup"]}}}'}
    built = resource("AWS::CodeBuild::Project", Source=source)
    found = list(RULES["TAP-301"].findings(delivery(PROD, tmp_path, P=built)))
    assert [(each.path, each.subject) for each in found] == [
        ("scripts/more", "pip install requests")
    ]
