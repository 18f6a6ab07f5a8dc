"""An upload to a bucket that really invokes a function, and what becomes of what it cannot do.

Proves on the running emulator, with a nested stack made by CloudFormation, what S3, EventBridge,
Lambda and SQS document of that way: which keys match, the version, retries, throttling, the dead
letter, and what a form may upload. Not proved: AWS's pauses between attempts, which are minutes.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.embedded_aws.emulated import DEV, REGION, Credentials, Server, Session
from tests.support import aws, forms

PATIENCE = 30.0
HANDLER = """
import json, os, time, boto3
def handler(event, context):
    item = event["detail"]["object"]
    table = boto3.client("dynamodb")
    row = {"key": item["key"], "id": context.aws_request_id, "n": str(time.time()),
           "version": item.get("version-id", "none")}
    item_of = {name: {"S": value} for name, value in row.items()}
    table.put_item(TableName="seen-" + os.environ["NAME"], Item=item_of)
    if "slow" in item["key"]:
        time.sleep(1)
    if "bad" in item["key"]:
        raise ValueError("cannot read " + item["key"])
"""


def resources(name: str, **function: Any) -> dict[str, Any]:
    """A versioned bucket whose images go to a function with a dead-letter queue; `seen` rows."""
    statement = {"Effect": "Allow", "Action": ["dynamodb:*", "sqs:SendMessage"], "Resource": "*"}
    service = {"Service": "lambda.amazonaws.com"}
    trusted = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    suffixes = [{"suffix": {"equals-ignore-case": each}} for each in (".jpg", ".png")]
    return {
        "Uploads": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": f"uploads-{name}",
                "VersioningConfiguration": {"Status": "Enabled"},
                "NotificationConfiguration": {
                    "EventBridgeConfiguration": {"EventBridgeEnabled": True}
                },
            },
        },
        "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"letters-{name}"}},
        "Seen": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": f"seen-{name}",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": "key", "AttributeType": "S"},
                    {"AttributeName": "n", "AttributeType": "S"},
                ],
                "KeySchema": [
                    {"AttributeName": "key", "KeyType": "HASH"},
                    {"AttributeName": "n", "KeyType": "RANGE"},
                ],
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
                "Policies": [
                    {
                        "PolicyName": "all",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                    }
                ],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": f"handles-{name}",
                "Runtime": "python3.12",
                "Handler": "index.handler",
                "Code": {"ZipFile": HANDLER},
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Timeout": 20,
                "Environment": {"Variables": {"NAME": name}},
                "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}},
                **function,
            },
        },
        "Retries": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 1,
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [{"Ref": "Uploads"}]},
                        "object": {"key": suffixes},
                    },
                },
                "Targets": [
                    {
                        "Id": "function",
                        "Arn": {"Fn::GetAtt": ["Function", "Arn"]},
                        "RetryPolicy": {
                            "MaximumRetryAttempts": 2,
                            "MaximumEventAgeInSeconds": 3600,
                        },
                    }
                ],
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]},
            },
        },
    }


class Files:
    """The resources of one name, in the dev account."""

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self.bucket = f"uploads-{name}"
        self.s3 = session.client("s3")
        self._sqs = session.client("sqs")
        self._dynamodb = session.client("dynamodb")
        self._cloudformation = session.client("cloudformation")

    def deploy(self, template: Mapping[str, Any], verb: str = "create") -> None:
        """Creates the stack of that name, or updates it."""
        call = getattr(self._cloudformation, f"{verb}_stack")
        call(
            StackName=self.name,
            TemplateBody=json.dumps({"Resources": template}),
            Capabilities=["CAPABILITY_IAM"],
        )
        self._cloudformation.get_waiter(f"stack_{verb}_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )

    def upload(self, key: str) -> str:
        """The version that was made."""
        answer = self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"content")
        return str(answer["VersionId"])

    def seen(self, key: str, times: int = 1) -> list[dict[str, str]]:
        """The rows of the invocations about a key, in their order, once there are `times`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._dynamodb.query(
                TableName=f"seen-{self.name}",
                KeyConditionExpression="#k = :k",
                ExpressionAttributeNames={"#k": "key"},
                ExpressionAttributeValues={":k": {"S": key}},
            )
            if len(answer["Items"]) >= times:
                return [{k: v["S"] for k, v in row.items()} for row in answer["Items"]]
            assert time.monotonic() < deadline, f"{key}: only {answer['Items']}"
            time.sleep(0.1)

    def letter(self) -> dict[str, Any]:
        """The next message of the dead-letter queue, taken out of it."""
        url = self._sqs.get_queue_url(QueueName=f"letters-{self.name}")["QueueUrl"]
        answer = self._sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"]
        )
        (message,) = answer["Messages"]
        self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)


@pytest.fixture(scope="module")
def session(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    return emulator.session(administrators[DEV])


@pytest.fixture(scope="module")
def files(session: Session) -> Files:
    """The resources in a nested stack, as a service of an application has them."""
    made = Files(session, "nested")
    where = {"LocationConstraint": REGION}
    made.s3.create_bucket(Bucket="templates", CreateBucketConfiguration=where)
    body = json.dumps({"Resources": resources("nested")})
    made.s3.put_object(Bucket="templates", Key="nested.json", Body=body)
    url = f"https://s3.{REGION}.amazonaws.com/templates/nested.json"
    made.deploy(
        {"Nested": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}
    )
    return made


@pytest.mark.parametrize("key", ["a photo.jpg", "SHOUTED.PNG", "deep/er.JpG"])
def test_an_upload_invokes_the_function_with_its_key_and_version(files: Files, key: str) -> None:
    version = files.upload(key)
    (row,) = files.seen(key)
    assert row["version"] == version


def test_another_suffix_invokes_nothing(files: Files) -> None:
    files.upload("notes.txt")
    files.upload("after.png")
    files.seen("after.png")
    assert files.seen("notes.txt", times=0) == []


def test_what_fails_is_tried_again_and_its_event_becomes_a_dead_letter(files: Files) -> None:
    version = files.upload("bad.jpg")
    letter = files.letter()
    attempts = files.seen("bad.jpg", times=2)
    assert len(attempts) == 2
    event = json.loads(letter["Body"])
    assert event["detail"]["object"]["version-id"] == version
    assert event["detail-type"] == "Object Created"
    attributes = {k: v["StringValue"] for k, v in letter["MessageAttributes"].items()}
    assert {row["id"] for row in attempts} == {attributes["RequestID"]}
    assert attributes["ErrorCode"] == "200"
    assert attributes["ErrorMessage"] == "cannot read bad.jpg"


def test_a_dead_letter_can_be_invoked_again_as_it_is(files: Files, session: Session) -> None:
    files.upload("bad-again.jpg")
    event = json.loads(files.letter()["Body"])
    event["detail"]["object"]["key"] = "mended.jpg"
    aws.invoke(session, "handles-nested", event)
    assert len(files.seen("mended.jpg")) == 1


def test_a_throttled_event_waits_and_is_not_lost(session: Session) -> None:
    made = Files(session, "narrow")
    made.deploy(resources("narrow", ReservedConcurrentExecutions=1))
    concurrency = session.client("lambda").get_function_concurrency(FunctionName="handles-narrow")
    assert concurrency["ReservedConcurrentExecutions"] == 1
    keys = [f"slow-{number}.jpg" for number in range(4)]
    for key in keys:
        made.upload(key)
    starts = sorted(float(made.seen(key)[0]["n"]) for key in keys)
    assert all(after - before >= 1 for before, after in itertools.pairwise(starts))


def test_a_function_without_concurrency_hands_events_to_the_queue_at_once(
    session: Session,
) -> None:
    made = Files(session, "closed")
    made.deploy(resources("closed", ReservedConcurrentExecutions=0))
    made.upload("any.jpg")
    attributes = made.letter()["MessageAttributes"]
    assert attributes["ErrorCode"]["StringValue"] == "429"
    made.deploy(resources("closed"), verb="update")
    made.upload("later.jpg")
    assert len(made.seen("later.jpg")) == 1


def test_a_rule_needs_the_functions_permission(session: Session) -> None:
    made = Files(session, "unpermitted")
    template = resources("unpermitted")
    del template["Permission"]
    made.deploy(template)
    made.upload("first.jpg")
    made.deploy(resources("unpermitted"), verb="update")
    made.upload("second.jpg")
    made.seen("second.jpg")
    assert made.seen("first.jpg", times=0) == []


def test_a_role_that_may_not_send_loses_the_letter(emulator: Server, session: Session) -> None:
    made = Files(session, "mute")
    template = resources("mute")
    policy = template["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"][0]["Action"] = ["dynamodb:*"]
    made.deploy(template)
    made.upload("bad-lost.jpg")
    deadline = time.monotonic() + PATIENCE
    while "handles-mute lost an event" not in emulator.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    policy["Statement"][0]["Action"] = ["dynamodb:*", "sqs:SendMessage"]
    made.deploy(template, verb="update")
    made.upload("bad-kept.jpg")
    assert json.loads(made.letter()["Body"])["detail"]["object"]["key"] == "bad-kept.jpg"


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def post(server: Server, files: Files, content: bytes, **changed: str) -> tuple[int, str]:
    """(status, body) of a form: a PNG of 5 to 10 bytes of a known checksum, or changed fields."""
    fields = {"Content-Type": "image/png", "x-amz-checksum-sha256": sha256(b"right!")}
    form = files.s3.generate_presigned_post(
        files.bucket,
        "forms/one.png",
        Fields=fields,
        Conditions=[
            ["content-length-range", 5, 10],
            *({name: value} for name, value in fields.items()),
        ],
    )
    answer = forms.post(server, form["url"], {**form["fields"], **changed}, content)
    return answer.status, answer.body.decode()


def test_a_form_uploads_exactly_what_its_policy_allows(emulator: Server, files: Files) -> None:
    assert post(emulator, files, b"right!") == (204, "")
    found = files.s3.get_object(Bucket=files.bucket, Key="forms/one.png", ChecksumMode="ENABLED")
    assert found["Body"].read() == b"right!"
    assert (found["ContentType"], found["ChecksumSHA256"]) == ("image/png", sha256(b"right!"))
    assert len(files.seen("forms/one.png")) == 1


@pytest.mark.parametrize(
    ("content", "changed", "code"),
    [
        (b"four", {}, "EntityTooSmall"),
        (b"eleven bytes", {}, "EntityTooLarge"),
        (b"wrong!", {}, "BadDigest"),
        (b"wrong!", {"x-amz-checksum-sha256": sha256(b"wrong!")}, "AccessDenied"),
        (b"right!", {"Content-Type": "text/html"}, "AccessDenied"),
        (b"right!", {"key": "elsewhere.png"}, "AccessDenied"),
        (b"right!", {"acl": "public-read"}, "AccessDenied"),
        (b"right!", {"signature": "0" * 28}, "SignatureDoesNotMatch"),
    ],
)
def test_a_form_uploads_nothing_else(
    emulator: Server, files: Files, content: bytes, changed: dict[str, str], code: str
) -> None:
    status, body = post(emulator, files, content, **changed)
    assert status in (400, 403)
    assert f"<Code>{code}</Code>" in body
