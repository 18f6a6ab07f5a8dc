"""What is left of us is found by name and tag, and removed only on request and after the stacks.

Proves it on the embedded AWS with one thing of each kind beside one of somebody else's. That
nothing else stays of a whole installation: `test_first_hour.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.leftovers.__main__ import main
from embedded_aws.server import Server
from rehearsal.accounts import Directory
from tests.accounts.conftest import become, client
from tests.support.bootstrap import SETTINGS

THEIRS = "somebody-elses"
NAMES = {
    "table": "tap-dev-left",
    "bucket": "tap-dev-left-bucket",
    "queue": "tap-dev-left-dead",
    "log group": "/aws/lambda/tap-dev-left",
}


@pytest.fixture
def dev(accounts_server: Server, people: Directory, monkeypatch: pytest.MonkeyPatch) -> Directory:
    """A shell of dev's administrator, where things of ours and of somebody else's are."""
    become(monkeypatch, accounts_server, people, "dev")
    for prefix in ("tap-dev-left", THEIRS):
        make(people, prefix)
    logs = client(people, "dev", "logs")
    tags = {"Repository": SETTINGS.source.repository}
    logs.create_log_group(logGroupName="API-Gateway-Execution-Logs_ours/v1", tags=tags)
    logs.create_log_group(logGroupName="API-Gateway-Execution-Logs_theirs/v1")
    return people


def make(people: Directory, prefix: str) -> None:
    client(people, "dev", "dynamodb").create_table(
        TableName=prefix,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    s3, bucket = client(people, "dev", "s3"), f"{prefix}-bucket"
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": SETTINGS.region}
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="key", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="key")
    client(people, "dev", "sqs").create_queue(QueueName=f"{prefix}-dead")
    client(people, "dev", "logs").create_log_group(logGroupName=f"/aws/lambda/{prefix}")


def never_asked(question: str) -> str:
    raise AssertionError(question)


def test_ours_is_listed_and_removed_and_theirs_stays(
    dev: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation = client(dev, "dev", "cloudformation")
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    cloudformation.create_stack(StackName="tap-dev", TemplateBody=json.dumps(topic))
    assert main(["dev"]) == 1
    listed = capsys.readouterr().out
    for kind, name in NAMES.items():
        assert any(line.startswith(kind) and line.endswith(name) for line in listed.splitlines())
    assert "API-Gateway-Execution-Logs_ours/v1" in listed
    assert THEIRS not in listed
    assert "API-Gateway-Execution-Logs_theirs" not in listed

    assert main(["dev", "--delete", "--yes"]) == 1
    assert "not while these are there: stack tap-dev" in capsys.readouterr().err
    cloudformation.delete_stack(StackName="tap-dev")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="tap-dev", WaiterConfig={"Delay": 1}
    )
    assert main(["dev", "--delete"], ask=lambda _: "yes") == 1
    assert "nothing was done" in capsys.readouterr().err
    assert main(["dev", "--delete"], ask=lambda _: SETTINGS.accounts["dev"]) == 0
    assert main(["dev"], never_asked) == 0
    assert theirs(dev) == [THEIRS, f"{THEIRS}-bucket"]
    remove_theirs(dev)


def theirs(people: Directory) -> list[Any]:
    tables = client(people, "dev", "dynamodb").list_tables()["TableNames"]
    buckets = client(people, "dev", "s3").list_buckets()["Buckets"]
    return [*tables, *(each["Name"] for each in buckets if each["Name"].startswith(THEIRS))]


def remove_theirs(people: Directory) -> None:
    """For the other tests of this server."""
    dynamodb = client(people, "dev", "dynamodb")
    dynamodb.update_table(TableName=THEIRS, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=THEIRS)


def test_credentials_of_another_account_see_nothing(
    accounts_server: Server,
    people: Directory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    become(monkeypatch, accounts_server, people, "prod")
    assert main(["dev"]) == 2
    assert "of 333333333333, and dev is 222222222222" in capsys.readouterr().err
