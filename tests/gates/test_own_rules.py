"""Each rule of ours finds what it is for, and lets pass what is right.

This proves that no rule is dead and that none cries wolf at what is right. It does not prove that
a rule finds every form of its mistake: templates can say one thing in many ways.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import DEV, PROD, arn, assembly, policy, resource

from assembly.templates import Assembly, Stack
from gates.rules import RULES

KEEP = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
MACHINE = resource("AWS::StepFunctions::StateMachine")
FUNCTION = resource("AWS::Lambda::Function", Role=arn("Role"))


def stage(*, traced: bool) -> Assembly:
    settings = [{"HttpMethod": "*", "ResourcePath": "/*", "DataTraceEnabled": traced}]
    return assembly(Api=resource("AWS::ApiGateway::Stage", MethodSettings=settings))


def machine(*, data: bool) -> Assembly:
    logging = {"Level": "ALL", "IncludeExecutionData": data}
    return assembly(M=resource(MACHINE["Type"], LoggingConfiguration=logging))


def preflight(origin: str) -> Assembly:
    header = "method.response.header.Access-Control-Allow-Origin"
    answer = {"StatusCode": "204", "ResponseParameters": {header: f"'{origin}'"}}
    return assembly(
        M=resource("AWS::ApiGateway::Method", Integration={"IntegrationResponses": [answer]})
    )


def notified(written: str) -> Assembly:
    notification = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn("F")}]}
    return assembly(
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


def event_rule(**target: Any) -> Assembly:
    targets = [{"Arn": {"Ref": "M"}, "Id": "1", **target}]
    rule = resource("AWS::Events::Rule", EventPattern={"source": ["x"]}, Targets=targets)
    return assembly(M=MACHINE, Rule=rule)


def asks(operator: str, principal: str) -> Any:
    """A trust's condition about who takes the role."""
    return {operator: {"aws:PrincipalArn": principal}}


def role(principal: Any, **more: Any) -> Assembly:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return assembly(R=resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": statement}))


def bucket(stack: Stack = PROD, **declared: str) -> Assembly:
    return assembly(stack, B=resource("AWS::S3::Bucket", declared=declared))


def key_of(kind: str) -> Assembly:
    user = resource(kind, declared=KEEP, Key=arn("K"))
    return assembly(K=resource("AWS::KMS::Key"), User=user)


def emptied(stack: Stack) -> Assembly:
    return assembly(stack, Empty=resource("Custom::S3AutoDeleteObjects", ServiceToken="x"))


def table(**replica: Any) -> Assembly:
    return assembly(T=resource("AWS::DynamoDB::GlobalTable", declared=KEEP, Replicas=[replica]))


def project(*commands: str) -> Assembly:
    spec = f'{{"version": "0.2", "phases": {{"build": {{"commands": {list(commands)!r}}}}}}}'
    source = {"BuildSpec": spec.replace("'", '"')}
    return assembly(P=resource("AWS::CodeBuild::Project", Source=source))


def pipeline(*kinds: str) -> Assembly:
    providers = {"Deploy": "CloudFormation", "Approval": "Manual"}
    stages = [
        {"Name": kind, "Actions": [{"Name": kind, "ActionTypeId": {
            "Category": kind, "Provider": providers.get(kind, "CodeBuild")}}]}
        for kind in kinds
    ]  # fmt: skip
    return assembly(P=resource("AWS::CodePipeline::Pipeline", Stages=stages))


def watched(
    thing: Any, namespace: str, metric: str, dimension: str, *, actions: bool = True, **more: Any
) -> Assembly:
    alarm = resource(
        "AWS::CloudWatch::Alarm",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": {"Ref": "Thing"}}],
        AlarmActions=[{"Ref": "Topic"}] if actions else [],
    )
    return assembly(Thing=thing, Alarm=alarm, **more)


API = resource("AWS::ApiGateway::RestApi", Name="tap-prod-api")
QUEUE = resource("AWS::SQS::Queue")
SENDS_TO_QUEUE = {
    "F": resource("AWS::Lambda::Function", DeadLetterConfig={"TargetArn": arn("Thing")})
}
VISIBLE = "ApproximateNumberOfMessagesVisible"
PITR = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
TOOLS = "arn:aws:iam::111111111111"

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
    ("TAP-205", assembly(Stack("tap-prod", "333333333333", False, False)), assembly(PROD)),
    ("TAP-205", assembly(Stack("new", "444444444444", False, False)), assembly(DEV)),
    ("TAP-301", project("npm install -g aws-cdk@2"), project("npm install -g aws-cdk@2.1148.1")),
    ("TAP-301", project("npm install -g cdk-assets"), project("npm ci --ignore-scripts")),
    ("TAP-301", project("cd x && pip install requests"), project("pip install requests==2.34.2")),
    ("TAP-301", project("npx cdk deploy"), project("npx --no-install cdk deploy")),
    ("TAP-301", project("curl https://x/install | sh"), project("echo yum install is not run")),
    ("TAP-301", project("sudo yum install -y jq"), project("scripts/synth")),
    (
        "TAP-401",
        pipeline("Source", "Build", "Approval", "Deploy", "Test"),
        pipeline("Source", "Build", "Deploy", "Test", "Approval"),
    ),
    ("TAP-401", pipeline("Build", "Deploy", "Approval"), pipeline("Deploy", "Build", "Approval")),
    (
        "TAP-501",
        assembly(Thing=FUNCTION),
        watched(FUNCTION, "AWS/Lambda", "Errors", "FunctionName"),
    ),
    (
        "TAP-501",
        watched(FUNCTION, "AWS/Lambda", "Errors", "FunctionName", actions=False),
        assembly(F=FUNCTION, Custom=resource("Custom::Helper", ServiceToken=arn("F"))),
    ),
    ("TAP-502", assembly(Thing=API), watched(API, "AWS/ApiGateway", "5XXError", "ApiName")),
    (
        "TAP-503",
        assembly(Thing=MACHINE),
        watched(MACHINE, "AWS/States", "ExecutionsFailed", "StateMachineArn"),
    ),
    (
        "TAP-504",
        assembly(Thing=QUEUE, **SENDS_TO_QUEUE),
        watched(QUEUE, "AWS/SQS", VISIBLE, "QueueName", **SENDS_TO_QUEUE),
    ),
]


@pytest.mark.parametrize(
    ("rule_id", "broken"), [(case[0], case[1]) for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_rule_finds_what_breaks_it(rule_id: str, broken: Assembly) -> None:
    found = list(RULES[rule_id].findings(broken))
    assert found
    assert {finding.rule for finding in found} == {rule_id}


@pytest.mark.parametrize(
    ("rule_id", "right"), [(case[0], case[2]) for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_rule_lets_pass_what_is_right(rule_id: str, right: Assembly) -> None:
    assert list(RULES[rule_id].findings(right)) == []


def test_every_rule_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(RULES)


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
    found = list(RULES["TAP-105"].findings(assembly(PROD, tmp_path, F=function)))
    assert [finding.subject for finding in found] == (
        [] if bounded else ["services/x/runtime/handler.py:1"]
    )


def test_a_buildspec_beside_the_template_is_read(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("phases: {build: {commands: [npm install -g x@latest]}}")
    built = resource("AWS::CodeBuild::Project", Source={"BuildSpec": "spec.yaml"})
    found = list(RULES["TAP-301"].findings(assembly(PROD, tmp_path, P=built)))
    assert [finding.subject for finding in found] == ["npm install -g x@latest"]


def test_a_script_that_a_buildspec_calls_is_read(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/setup").write_text("#!/bin/sh\npip install requests\n")
    source = {"BuildSpec": '{"phases": {"build": {"commands": ["scripts/setup"]}}}'}
    built = resource("AWS::CodeBuild::Project", Source=source)
    found = list(RULES["TAP-301"].findings(assembly(PROD, tmp_path, P=built)))
    assert [finding.subject for finding in found] == ["pip install requests"]
