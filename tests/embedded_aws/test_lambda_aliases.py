"""Versions of a function stay as they were published, and an alias sends calls where it says.

Proved on the running emulator with an alias whose further version has a weight of 1, so that every
call that heeds weights comes to it, whoever calls: the API, API Gateway, EventBridge, S3, SQS and
Step Functions. That a weight in between is one is shown by `test_lambda_rollouts`.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.emulated import DEV, REGION, Credentials, Server, Session
from tests.support import aws

NAME = "versioned"
ALIAS = f"arn:aws:lambda:{REGION}:{DEV}:function:{NAME}:live"
CODE = """
import json, os, boto3
def handler(event, context):
    seen = {"code": %r, "env": os.environ.get("STAGE"), "version": context.function_version}
    seen["arn"] = context.invoked_function_arn
    if not isinstance(event, dict) or "httpMethod" not in event:
        if url := os.environ.get("SEEN"):
            boto3.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(seen))
        return seen
    return {"statusCode": 200, "body": json.dumps(seen)}
"""
PATIENCE = 30.0


def code(text: str) -> bytes:
    """A zip of the function that says this."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", CODE % text)
    return archive.getvalue()


@pytest.fixture(scope="module")
def dev(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    """The dev account, as its administrator."""
    return emulator.session(administrators[DEV])


class Versioned:
    """A function with two versions, whose alias sends everything to the second."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lambda_ = session.client("lambda")
        self.sqs = session.client("sqs")
        self.seen = self.sqs.create_queue(QueueName="versions-seen")["QueueUrl"]
        aws.function(session, NAME, CODE % "one", aws.allow("sqs:*", "*"))
        self.settle(STAGE="first")
        self.lambda_.publish_version(FunctionName=NAME)
        self.lambda_.update_function_code(FunctionName=NAME, ZipFile=code("two"))
        self.settle(STAGE="second", SEEN=self.seen)
        self.lambda_.publish_version(FunctionName=NAME)
        self.settle(STAGE="latest")
        routing = {"AdditionalVersionWeights": {"2": 1.0}}
        self.lambda_.create_alias(
            FunctionName=NAME, Name="live", FunctionVersion="1", RoutingConfig=routing
        )

    def settle(self, **variables: str) -> None:
        """Another environment, in force."""
        self.lambda_.update_function_configuration(
            FunctionName=NAME, Environment={"Variables": variables}
        )
        self.lambda_.get_waiter("function_updated").wait(
            FunctionName=NAME, WaiterConfig={"Delay": 1}
        )

    def next_seen(self) -> dict[str, Any]:
        """What the next call saw that nobody waits for."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.sqs.receive_message(QueueUrl=self.seen, WaitTimeSeconds=5)
            for message in found.get("Messages", ()):
                self.sqs.delete_message(QueueUrl=self.seen, ReceiptHandle=message["ReceiptHandle"])
                seen: dict[str, Any] = json.loads(message["Body"])
                return seen
        raise AssertionError("nothing was called")


@pytest.fixture(scope="module")
def versioned(dev: Session) -> Versioned:
    """The function, made once."""
    return Versioned(dev)


SECOND = {"code": "two", "env": "second", "version": "2", "arn": ALIAS}


def test_each_version_has_the_code_and_the_environment_that_it_was_published_with(
    versioned: Versioned,
) -> None:
    arn = ALIAS.rpartition(":")[0]
    calls = {q: aws.invoke(versioned.session, f"{NAME}:{q}", {}) for q in ("1", "2", "$LATEST")}
    assert calls["1"] == {"code": "one", "env": "first", "version": "1", "arn": f"{arn}:1"}
    assert calls["2"] == {**SECOND, "arn": f"{arn}:2"}
    versioned.next_seen()
    assert (calls["$LATEST"]["code"], calls["$LATEST"]["env"]) == ("two", "latest")
    with pytest.raises(ClientError, match="can only target the unqualified function"):
        versioned.lambda_.update_function_configuration(FunctionName=f"{NAME}:1", Timeout=3)
    for version in ("1", "2"):
        found = versioned.lambda_.get_function_configuration(FunctionName=NAME, Qualifier=version)
        assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")


def test_a_call_of_an_alias_comes_to_the_version_that_its_weights_say(
    versioned: Versioned,
) -> None:
    for name, more in ((ALIAS, {}), (f"{NAME}:live", {}), (NAME, {"Qualifier": "live"})):
        answer = versioned.lambda_.invoke(FunctionName=name, Payload=b"{}", **more)
        assert answer["ExecutedVersion"] == "2"
        assert json.loads(answer["Payload"].read()) == SECOND
        assert versioned.next_seen() == SECOND
    versioned.lambda_.invoke(FunctionName=ALIAS, InvocationType="Event", Payload=b"{}")
    assert versioned.next_seen() == SECOND
    described = versioned.lambda_.get_function_configuration(FunctionName=NAME, Qualifier="live")
    assert described["Version"] == "1"  # what it is, not where a call would come to


def test_an_api_calls_the_version_that_an_alias_says_with_the_aliass_own_permission(
    versioned: Versioned, emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    def call(function: str) -> aws.Answer:
        api = aws.rest_api(versioned.session, DEV, ALIAS, permitted=False)
        versioned.lambda_.add_permission(
            FunctionName=function,
            StatementId=api.id,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{DEV}:{api.id}/*/POST/",
        )
        return aws.call(emulator, api.path(), credentials=administrators[DEV])

    assert call(NAME).status == 500  # the function's permission is not its alias's
    answer = call(ALIAS)
    assert (answer.status, answer.json()) == (200, SECOND)


def _by_rule(versioned: Versioned) -> None:
    events = versioned.session.client("events")
    rule = events.put_rule(Name="calls-live", EventPattern='{"source": ["tests"]}')["RuleArn"]
    versioned.lambda_.add_permission(
        FunctionName=NAME,
        Qualifier="live",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="calls-live", Targets=[{"Id": "live", "Arn": ALIAS}])
    events.put_events(Entries=[{"Source": "tests", "DetailType": "t", "Detail": "{}"}])


def _by_bucket(versioned: Versioned) -> None:
    s3 = versioned.session.client("s3")
    s3.create_bucket(Bucket="calls-live", CreateBucketConfiguration={"LocationConstraint": REGION})
    versioned.lambda_.add_permission(
        FunctionName=NAME,
        Qualifier="live",
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::calls-live",
    )
    told = {"LambdaFunctionArn": ALIAS, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="calls-live",
        NotificationConfiguration={"LambdaFunctionConfigurations": [told]},
    )
    s3.put_object(Bucket="calls-live", Key="k", Body=b"")


def _by_queue(versioned: Versioned) -> None:
    url = versioned.sqs.create_queue(QueueName="calls-live")["QueueUrl"]
    versioned.lambda_.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:{REGION}:{DEV}:calls-live", FunctionName=ALIAS
    )
    versioned.sqs.send_message(QueueUrl=url, MessageBody="x")


def _by_machine(versioned: Versioned) -> None:
    iam, states = versioned.session.client("iam"), versioned.session.client("stepfunctions")
    role = iam.create_role(RoleName="calls-live", AssumeRolePolicyDocument=aws.trust("states"))
    iam.put_role_policy(
        RoleName="calls-live",
        PolicyName="only",
        PolicyDocument=aws.allow("lambda:InvokeFunction", ALIAS),
    )
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": ALIAS, "Payload": {}},
        "End": True,
    }
    machine = states.create_state_machine(
        name="calls-live",
        definition=json.dumps({"StartAt": "Call", "States": {"Call": task}}),
        roleArn=role["Role"]["Arn"],
    )
    states.start_execution(stateMachineArn=machine["stateMachineArn"])


@pytest.mark.parametrize("call", [_by_rule, _by_bucket, _by_queue, _by_machine])
def test_who_calls_by_the_aliass_arn_comes_to_that_version_too(
    versioned: Versioned, call: Callable[[Versioned], None]
) -> None:
    call(versioned)
    assert versioned.next_seen() == SECOND


def test_an_alias_has_its_own_settings_for_what_fails(versioned: Versioned, dev: Session) -> None:
    letters = versioned.sqs.create_queue(QueueName="live-failures")["QueueUrl"]
    aws.function(dev, "fails", "def handler(event, context): raise RuntimeError(event)")
    versioned.lambda_.get_waiter("function_active").wait(FunctionName="fails")
    version = versioned.lambda_.publish_version(FunctionName="fails")["Version"]
    versioned.lambda_.create_alias(FunctionName="fails", Name="live", FunctionVersion=version)
    versioned.lambda_.put_function_event_invoke_config(
        FunctionName="fails",
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={
            "OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{DEV}:live-failures"}
        },
    )
    for name in ("fails", "fails:live"):
        versioned.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    found = versioned.sqs.receive_message(QueueUrl=letters, WaitTimeSeconds=20)["Messages"]
    (failure,) = [json.loads(message["Body"]) for message in found]
    assert failure["requestContext"]["condition"] == "RetriesExhausted"


def test_a_function_that_is_held_back_is_held_back_by_every_name(versioned: Versioned) -> None:
    versioned.lambda_.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    try:
        for name in (NAME, f"{NAME}:2", ALIAS):
            with pytest.raises(ClientError, match="Rate Exceeded"):
                versioned.lambda_.invoke(FunctionName=name, Payload=b"{}")
    finally:
        versioned.lambda_.delete_function_concurrency(FunctionName=NAME)


@pytest.mark.parametrize(
    ("version", "weights", "reason"),
    [
        ("7", {}, r"Function not found: .*:versioned:7"),
        ("1", {"9": 0.5}, r"Function not found: .*:versioned:9"),
        ("1", {"1": 0.5}, "already included"),
        ("1", {"2": 1.5}, "between 0 and 1"),
        ("1", {"1": 0.2, "2": 0.2}, "cannot be greater than 1"),
        ("$LATEST", {"2": 0.5}, "not supported"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(
    versioned: Versioned, version: str, weights: Mapping[str, float], reason: str
) -> None:
    given = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}
    for call, name in (
        (versioned.lambda_.create_alias, "other"),
        (versioned.lambda_.update_alias, "live"),
    ):
        with pytest.raises(ClientError, match=reason):
            call(FunctionName=NAME, Name=name, **given)


def test_permission_to_use_an_alias_is_about_the_alias(
    versioned: Versioned, emulator: Server
) -> None:
    statements = [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ALIAS},
        {"Effect": "Allow", "Action": "lambda:GetAlias", "Resource": ALIAS.rpartition(":")[0]},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    narrow = emulator.session(aws.user(versioned.session, "uses-live", policy))
    lambda_ = narrow.client("lambda")
    for name, more in ((ALIAS, {}), (NAME, {"Qualifier": "live"})):
        assert lambda_.invoke(FunctionName=name, Payload=b"{}", **more)["StatusCode"] == 200
        versioned.next_seen()
    assert lambda_.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"] == "1"
    for refused in (
        lambda: lambda_.invoke(FunctionName=NAME, Payload=b"{}"),
        lambda: lambda_.invoke(FunctionName=NAME, Qualifier="2", Payload=b"{}"),
        lambda: lambda_.update_alias(FunctionName=NAME, Name="live", FunctionVersion="2"),
        lambda: lambda_.delete_alias(FunctionName=NAME, Name="live"),
    ):
        with pytest.raises(ClientError, match="not authorized"):
            refused()


def test_a_template_cannot_ask_for_environments_that_are_kept_ready(versioned: Versioned) -> None:
    alias = {
        "FunctionName": NAME,
        "FunctionVersion": "1",
        "Name": "ready",
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
    }
    template = {"Resources": {"A": {"Type": "AWS::Lambda::Alias", "Properties": alias}}}
    cloudformation = versioned.session.client("cloudformation")
    cloudformation.create_stack(StackName="ready", TemplateBody=json.dumps(template))
    deadline = time.monotonic() + PATIENCE
    while cloudformation.describe_stacks(StackName="ready")["Stacks"][0]["StackStatus"].endswith(
        "IN_PROGRESS"
    ):
        assert time.monotonic() < deadline, "the stack settles"
        time.sleep(0.1)
    events = cloudformation.describe_stack_events(StackName="ready")["StackEvents"]
    assert any("ProvisionedConcurrencyConfig is not offered" in str(e) for e in events)
