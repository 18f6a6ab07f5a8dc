"""Proves that the emulator, once corrected, answers as AWS documents it.

Each test is about one correction of `embedded_aws/corrections/` or one behaviour that the
other tests' claims rest on; without the correction it fails. It does not prove that AWS behaves so:
the corrections' docstrings name the pages that say it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from embedded_aws.outbox import Outbox
from tests.embedded_aws.emulated import (
    DEV,
    PROD,
    REGION,
    REPOSITORY,
    TOOLS,
    Credentials,
    Server,
    Session,
)
from tests.support import aws

ANSWERS = """
def handler(event, context):
    if "fail" in event["body"]:
        raise RuntimeError("a secret detail")
    if "malformed" in event["body"]:
        return {"hello": "world"}
    return {"statusCode": 200, "headers": {"X-Ours": "yes"}, "body": "fine"}
"""

ASKS_ITS_TABLE = """
import boto3
def handler(event, context):
    boto3.client("s3").list_objects_v2(Bucket=event["bucket"])
    arn = boto3.client("sts").get_caller_identity()["Arn"]
    try:
        boto3.client("dynamodb").list_tables()
    except Exception as error:
        return [arn, error.response["Error"]["Code"]]
    return [arn, "allowed"]
"""


@pytest.fixture(scope="module")
def dev(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    """The dev account, as its administrator."""
    return emulator.session(administrators[DEV])


@pytest.fixture(scope="module")
def api(dev: Session) -> aws.RestApi:
    """A REST API in dev."""
    return aws.rest_api(dev, DEV, aws.function(dev, "answers", ANSWERS))


@pytest.fixture(scope="module")
def invoker(dev: Session, api: aws.RestApi) -> Credentials:
    """A user of dev who may invoke exactly this API."""
    arn = f"arn:aws:execute-api:{REGION}:{DEV}:{api.id}/*"
    return aws.user(dev, "invoker", aws.allow("execute-api:Invoke", arn))


class TestAnApiIsFoundByItsId:
    def test_a_permitted_call_of_the_own_account_passes(
        self, emulator: Server, api: aws.RestApi, invoker: Credentials
    ) -> None:
        answer = aws.call(emulator, api.path(), credentials=invoker)
        assert (answer.status, answer.body, answer.headers["X-Ours"]) == (200, b"fine", "yes")

    def test_an_unsigned_call_lacks_an_authentication_token(
        self, emulator: Server, api: aws.RestApi
    ) -> None:
        answer = aws.call(emulator, api.path())
        assert answer.status == 403
        assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
        assert answer.json() == {"message": "Missing Authentication Token"}

    def test_a_preflight_needs_no_signature(self, emulator: Server, api: aws.RestApi) -> None:
        answer = aws.call(emulator, api.path(), method="OPTIONS")
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "https://example.com"

    def test_a_user_without_permission_is_refused(
        self, emulator: Server, api: aws.RestApi, dev: Session
    ) -> None:
        answer = aws.call(emulator, api.path(), credentials=aws.user(dev, "nobody"))
        assert answer.status == 403

    def test_another_accounts_user_is_refused_without_a_resource_policy(
        self,
        emulator: Server,
        api: aws.RestApi,
        administrators: Mapping[str, Credentials],
    ) -> None:
        """An administrator may do everything, in the own account."""
        answer = aws.call(emulator, api.path(), credentials=administrators[PROD])
        assert answer.status == 403

    def test_another_accounts_policy_does_not_open_the_own_accounts_api(
        self,
        emulator: Server,
        api: aws.RestApi,
        dev: Session,
    ) -> None:
        """The ARN that is checked carries the owner's account, not the caller's."""
        arn = f"arn:aws:execute-api:{REGION}:{PROD}:{api.id}/*"
        wrong = aws.user(dev, "wrong-account", aws.allow("execute-api:Invoke", arn))
        assert aws.call(emulator, api.path(), credentials=wrong).status == 403

    def test_a_wrong_secret_is_refused(
        self, emulator: Server, api: aws.RestApi, invoker: Credentials
    ) -> None:
        forged = Credentials(invoker.access_key_id, "not the secret")
        assert aws.call(emulator, api.path(), credentials=forged).status == 403


@pytest.mark.parametrize("body", [b'{"fail": 1}', b'{"malformed": 1}'])
def test_a_failing_function_is_an_internal_server_error_and_says_no_more(
    emulator: Server, api: aws.RestApi, invoker: Credentials, body: bytes
) -> None:
    answer = aws.call(emulator, api.path(), credentials=invoker, body=body)
    assert answer.status == 502
    assert answer.json() == {"message": "Internal server error"}


def test_an_api_without_the_functions_permission_cannot_invoke_it(
    emulator: Server, dev: Session
) -> None:
    other = aws.rest_api(dev, DEV, aws.function(dev, "closed", ANSWERS), permitted=False)
    everything = aws.user(dev, "may-all", aws.allow("execute-api:Invoke", "*"))
    answer = aws.call(emulator, other.path(), credentials=everything)
    assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})


@pytest.fixture(scope="module")
def machine(dev: Session) -> str:
    """A STANDARD state machine that waits as long as its input says."""
    role = dev.client("iam").create_role(
        RoleName="machine", AssumeRolePolicyDocument=aws.trust("states")
    )["Role"]
    states = {
        "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "End"},
        "End": {"Type": "Succeed"},
    }
    made = dev.client("stepfunctions").create_state_machine(
        name="waits",
        definition=json.dumps({"StartAt": "Wait", "States": states}),
        roleArn=role["Arn"],
    )
    return str(made["stateMachineArn"])


class TestStartingAnExecutionTwice:
    def test_with_equal_input_answers_the_running_one(self, dev: Session, machine: str) -> None:
        states = dev.client("stepfunctions")
        once = states.start_execution(stateMachineArn=machine, name="a", input='{"seconds": 60}')
        again = states.start_execution(stateMachineArn=machine, name="a", input='{"seconds": 60}')
        assert again["executionArn"] == once["executionArn"]
        assert again["startDate"] == once["startDate"]
        assert len(states.list_executions(stateMachineArn=machine)["executions"]) == 1

    def test_with_other_input_is_refused(self, dev: Session, machine: str) -> None:
        states = dev.client("stepfunctions")
        states.start_execution(stateMachineArn=machine, name="b", input='{"seconds": 60}')
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            states.start_execution(stateMachineArn=machine, name="b", input='{"seconds": 61}')

    def test_after_its_end_is_refused(self, dev: Session, machine: str) -> None:
        states = dev.client("stepfunctions")
        request = {"stateMachineArn": machine, "name": "c", "input": '{"seconds": 60}'}
        states.stop_execution(executionArn=states.start_execution(**request)["executionArn"])
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            states.start_execution(**request)


class TestAStateMachineActsWithItsRole:
    @pytest.mark.parametrize(
        ("action", "status"), [("dynamodb:PutItem", "SUCCEEDED"), ("dynamodb:GetItem", "FAILED")]
    )
    def test_on_a_table(self, dev: Session, action: str, status: str) -> None:
        table = f"table-{status.lower()}"
        dev.client("dynamodb").create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        arn = f"arn:aws:dynamodb:{REGION}:{DEV}:table/{table}"
        task = {"TableName": table, "Item": {"id": {"S": "1"}}}
        ended = run_task(dev, table, "arn:aws:states:::dynamodb:putItem", task, (action, arn))
        assert ended["status"] == status
        stored = dev.client("dynamodb").scan(TableName=table)["Items"]
        assert len(stored) == (status == "SUCCEEDED")

    @pytest.mark.parametrize(("allowed", "status"), [("called", "SUCCEEDED"), ("x", "FAILED")])
    def test_on_a_function(self, dev: Session, allowed: str, status: str) -> None:
        name = f"called-{status.lower()}"
        arn = aws.function(dev, name, "def handler(event, context):\n    return 1\n")
        permission = ("lambda:InvokeFunction", arn if allowed == "called" else f"{arn}-other")
        task = {"FunctionName": arn, "Payload": {}}
        ended = run_task(dev, name, "arn:aws:states:::lambda:invoke", task, permission)
        assert ended["status"] == status


def run_task(
    session: Session, name: str, resource: str, task: object, permission: tuple[str, str]
) -> dict[str, str]:
    """Runs a state machine of one task to its end, with a role of one permission."""
    iam, states = session.client("iam"), session.client("stepfunctions")
    role = iam.create_role(
        RoleName=f"{name}-machine", AssumeRolePolicyDocument=aws.trust("states")
    )["Role"]
    iam.put_role_policy(
        RoleName=f"{name}-machine", PolicyName="task", PolicyDocument=aws.allow(*permission)
    )
    state = {"Type": "Task", "Resource": resource, "Parameters": task, "End": True}
    made = states.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Task", "States": {"Task": state}}),
        roleArn=role["Arn"],
    )
    started = states.start_execution(stateMachineArn=made["stateMachineArn"])
    while True:
        ended = states.describe_execution(executionArn=started["executionArn"])
        if ended["status"] != "RUNNING":
            return dict(ended)
        time.sleep(0.05)


def test_a_bucket_of_a_stack_carries_its_tags_and_their_change(dev: Session) -> None:
    cloudformation = dev.client("cloudformation")
    for value in ("one", "two"):
        tags = [{"Key": "aws-cdk:auto-delete-objects", "Value": value}]
        bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "tagged", "Tags": tags}}
        change = {
            "StackName": "tagged",
            "TemplateBody": json.dumps({"Resources": {"Bucket": bucket}}),
        }
        if value == "one":
            cloudformation.create_stack(**change)
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName="tagged", WaiterConfig={"Delay": 1}
            )
        else:
            cloudformation.update_stack(**change)
            cloudformation.get_waiter("stack_update_complete").wait(
                StackName="tagged", WaiterConfig={"Delay": 1}
            )
        assert dev.client("s3").get_bucket_tagging(Bucket="tagged")["TagSet"] == tags


def test_a_bucket_of_another_account_than_expected_is_refused(dev: Session) -> None:
    s3 = dev.client("s3")
    s3.create_bucket(Bucket="expected", CreateBucketConfiguration={"LocationConstraint": REGION})
    mine = {"Bucket": "expected", "Key": "object", "ExpectedBucketOwner": DEV}
    s3.put_object(**mine, Body=b"content")
    assert s3.get_object(**mine)["Body"].read() == b"content"
    for call in (s3.get_object, s3.put_object):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**{**mine, "ExpectedBucketOwner": PROD})
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket="nowhere", Key="object", ExpectedBucketOwner=DEV)


@pytest.mark.parametrize(
    ("named", "key", "reads"),
    [
        ("reader", "open/object", True),
        ("reader", "closed/object", False),
        ("other-role", "open/object", False),
    ],
)
def test_a_bucket_policy_lets_in_exactly_the_role_that_it_names(
    emulator: Server,
    administrators: Mapping[str, Credentials],
    named: str,
    key: str,
    reads: bool,
) -> None:
    bucket = f"shared-{named}-{key.partition('/')[0]}"
    tools = emulator.session(administrators[TOOLS])
    dev = emulator.session(administrators[DEV])
    for role in ("reader", "other-role"):
        with contextlib.suppress(dev.client("iam").exceptions.EntityAlreadyExistsException):
            aws.assumable_role(dev, DEV, role, aws.allow("s3:GetObject", "*"))
    s3 = tools.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key=key, Body=b"content")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DEV}:role/{named}"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/open/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    reader = emulator.session(aws.assume(dev, f"arn:aws:iam::{DEV}:role/reader"))
    if reads:
        answer = reader.client("s3").get_object(Bucket=bucket, Key=key)
        assert answer["Body"].read() == b"content"
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.client("s3").get_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("owner", [TOOLS, DEV])
def test_a_condition_on_the_resources_account_is_about_the_buckets_owner(
    emulator: Server, administrators: Mapping[str, Credentials], owner: str
) -> None:
    bucket = f"owned-by-{owner}"
    s3 = emulator.session(administrators[owner]).client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="object", Body=b"content")
    if owner is TOOLS:
        shared = json.loads(aws.allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
        shared["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{DEV}:root"}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(shared))
    policy = json.loads(aws.allow("s3:GetObject", "*"))
    policy["Statement"][0]["Condition"] = {"StringNotEquals": {"s3:ResourceAccount": str(DEV)}}
    dev = emulator.session(administrators[DEV])
    name = f"reads-of-others-{owner}"
    aws.assumable_role(dev, DEV, name, json.dumps(policy))
    reader = emulator.session(aws.assume(dev, f"arn:aws:iam::{DEV}:role/{name}"))
    if owner is TOOLS:
        answer = reader.client("s3").get_object(Bucket=bucket, Key="object")
        assert answer["Body"].read() == b"content"
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.client("s3").get_object(Bucket=bucket, Key="object")


@pytest.mark.parametrize(("suffix", "may"), [(":*", True), ("", False)])
def test_writing_to_a_log_stream_needs_permission_on_the_stream(
    emulator: Server, dev: Session, suffix: str, may: bool
) -> None:
    group = f"written-{may}".lower()
    dev.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{DEV}:log-group:{group}{suffix}"
    writer = emulator.session(aws.user(dev, f"writes-{group}", aws.allow("logs:*", arn)))
    logs = writer.client("logs")
    if may:
        logs.create_log_stream(logGroupName=group, logStreamName="stream")
        event = {"timestamp": int(time.time() * 1000), "message": "line"}
        logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=[event])
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            logs.create_log_stream(logGroupName=group, logStreamName="stream")


@pytest.mark.parametrize(("tag", "may"), [("deploy", True), ("else", False), (None, False)])
def test_a_condition_on_a_roles_tag_decides_who_may_assume_it(
    emulator: Server, dev: Session, tag: str | None, may: bool
) -> None:
    name = f"tagged-{tag}"
    cloudformation = dev.client("cloudformation")
    trusted = {"AWS": f"arn:aws:iam::{DEV}:root"}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    properties = {
        "RoleName": name,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "Tags": [{"Key": "purpose", "Value": tag}] if tag else [],
    }
    role = {"Type": "AWS::IAM::Role", "Properties": properties}
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps({"Resources": {"Role": role}}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )
    condition = {"StringEquals": {"iam:ResourceTag/purpose": "deploy"}}
    policy = json.loads(aws.allow("sts:AssumeRole", "*"))
    policy["Statement"][0]["Condition"] = condition
    someone = emulator.session(aws.user(dev, f"assumes-{tag}", json.dumps(policy)))
    arn = f"arn:aws:iam::{DEV}:role/{name}"
    if may:
        assert aws.assume(someone, arn).session_token
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.assume(someone, arn)


@pytest.mark.parametrize(("pattern", "may"), [("wanted-*", True), ("other-*", False)])
def test_a_condition_on_the_principals_arn_is_about_the_role_not_its_session(
    dev: Session, emulator: Server, pattern: str, may: bool
) -> None:
    iam = dev.client("iam")
    by = f"named-{pattern[:-2]}"
    own = {"Effect": "Allow", "Principal": {"AWS": str(DEV)}, "Action": "sts:AssumeRole"}
    named = {"ArnLike": {"aws:PrincipalArn": f"arn:*:iam::*:role/{pattern}"}}
    for role, trust in ((f"wanted-{by}", own), (by, {**own, "Condition": named})):
        document = {"Version": "2012-10-17", "Statement": [trust]}
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))
    arn = f"arn:aws:iam::{DEV}:role/{by}"
    iam.put_role_policy(
        RoleName=f"wanted-{by}",
        PolicyName="assume",
        PolicyDocument=aws.allow("sts:AssumeRole", arn),
    )
    user = aws.user(dev, f"user-{by}", aws.allow("sts:AssumeRole", "*"))
    wanted = f"arn:aws:iam::{DEV}:role/wanted-{by}"
    session = emulator.session(aws.assume(emulator.session(user), wanted))
    if may:
        assert aws.assume(session, arn).session_token
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.assume(session, arn)


@pytest.mark.parametrize(("name", "may"), [("mine-1", True), ("PipelineChange", False)])
def test_a_policy_may_name_the_change_sets_that_it_is_about(
    dev: Session, emulator: Server, name: str, may: bool
) -> None:
    arn = f"arn:aws:cloudformation:{REGION}:{DEV}:stack/named-sets/*"
    policy = json.loads(aws.allow("cloudformation:*", arn))
    named = {"StringLike": {"cloudformation:ChangeSetName": "mine-*"}}
    policy["Statement"][0]["Condition"] = named
    someone = emulator.session(aws.user(dev, f"sets-{name}", json.dumps(policy)))
    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    change = {"StackName": "named-sets", "ChangeSetName": name, "ChangeSetType": "CREATE"}
    api = someone.client("cloudformation")
    if may:
        made = api.create_change_set(**change, TemplateBody=body)["Id"]
        api.delete_change_set(ChangeSetName=made, StackName="named-sets")
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            api.create_change_set(**change, TemplateBody=body)


def test_a_function_acts_with_its_role_and_nothing_more(dev: Session) -> None:
    """Not a correction: it is what "the function's permissions were exercised" rests on."""
    dev.client("s3").create_bucket(
        Bucket="asked", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    policy = aws.allow("s3:ListBucket", "arn:aws:s3:::asked")
    aws.function(dev, "asks", ASKS_ITS_TABLE, policy)
    identity, verdict = aws.invoke(dev, "asks", {"bucket": "asked"})
    assert identity == f"arn:aws:sts::{DEV}:assumed-role/asks/asks"
    assert verdict == "AccessDeniedException"


def test_functions_see_nothing_of_the_developers_environment(dev: Session) -> None:
    """The names that the emulator gives them, and none of a package manager or a shell."""
    code = "import os\ndef handler(event, context):\n    return sorted(os.environ)\n"
    aws.function(dev, "looks", code)
    seen = set(aws.invoke(dev, "looks", {}))
    assert {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_REGION"} <= seen
    strangers = {name for name in os.environ if name.startswith(("PIP_", "UV_", "npm_", "PYTEST"))}
    assert "PYTEST_CURRENT_TEST" in strangers
    assert seen & strangers == set()
    assert "SSL_CERT_FILE" not in seen


def test_another_release_of_the_emulator_is_refused_by_name(tmp_path: Path) -> None:
    ask = "from embedded_aws import corrections; corrections.check('1.6.0')"
    python = REPOSITORY / ".venv-emulator" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", ask],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "MiniStack 1.6.0 is installed, but the corrections were made for 1.5.33" in done.stderr


def test_what_an_e_mail_would_say_is_in_the_outbox(
    emulator: Server, administrators: Mapping[str, Credentials]
) -> None:
    sns = emulator.session(administrators[TOOLS]).client("sns")
    topic = sns.create_topic(Name="told")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
    texts = {"default": "for all", "email": "for mail", "https": "for programs"}
    for message, structure in ((json.dumps(texts), "json"), ("as it is", "")):
        more = {"MessageStructure": structure} if structure else {}
        sns.publish(TopicArn=topic, Subject="News", Message=message, **more)
    told = Outbox(emulator.root).messages(":told")
    assert [each.text for each in told] == ["for mail", "as it is"]
    assert {(each.subject, each.to) for each in told} == {("News", ("team@example.com",))}
