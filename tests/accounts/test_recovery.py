"""A first deployment that failed has a way back, which takes nothing that anybody needs.

Proves on the embedded AWS, with stacks that fail on purpose: what a failed creation left is removed
and the next creation succeeds; a stack that was ever complete, data, and what the stack did not
make are left as they are. That our own stacks come back this way: `test_first_hour.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from accounts.recovery.__main__ import main
from embedded_aws.server import Server
from rehearsal.accounts import Directory
from tests.accounts.conftest import become, client
from tests.support.bootstrap import SETTINGS

STACK = "tap-prod"
BUCKET = "tap-prod-uploads-of-the-test"
KEYS = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
PROTECTED = {"Replicas": [{"Region": SETTINGS.region, "DeletionProtectionEnabled": True}]}


def table(name: str, **declared: Any) -> dict[str, Any]:
    """As ours are: kept, and protected from deletion."""
    return {
        "Type": "AWS::DynamoDB::GlobalTable",
        "DeletionPolicy": "RetainExceptOnCreate",
        "Properties": KEYS | PROTECTED | {"TableName": name},
        **declared,
    }


def template(**more: Any) -> str:
    bucket = {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "RetainExceptOnCreate",
        "Properties": {"BucketName": BUCKET},
    }
    return json.dumps({"Resources": {"Bucket": bucket, "Table": table("tap-prod-catalog")} | more})


BROKEN = template(Late=table("tap-prod-requests", DependsOn=["Bucket", "Table"]))
"""Fails where somebody has a table of that name: after the others were made."""
WHOLE = template()


@pytest.fixture(autouse=True)
def prod(
    accounts_server: Server, people: Directory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A shell of prod's administrator, where somebody's table has a name that we need."""
    become(monkeypatch, accounts_server, people, "prod")
    make_table(people, "tap-prod-requests")
    yield
    clean(people)


def make_table(people: Directory, name: str) -> None:
    client(people, "prod", "dynamodb").create_table(TableName=name, **KEYS)


def clean(people: Directory) -> None:
    """Whatever a test left."""
    cloudformation = client(people, "prod", "cloudformation")
    if status(people):
        cloudformation.update_termination_protection(
            StackName=STACK, EnableTerminationProtection=False
        )
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 1}
        )
    dynamodb, s3 = client(people, "prod", "dynamodb"), client(people, "prod", "s3")
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=name)
    for bucket in s3.list_buckets()["Buckets"]:
        for each in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            s3.delete_object(Bucket=bucket["Name"], Key=each["Key"])
        s3.delete_bucket(Bucket=bucket["Name"])


def create(people: Directory, body: str, *, protected: bool = False) -> str:
    """The status in which a creation ends."""
    cloudformation = client(people, "prod", "cloudformation")
    cloudformation.create_stack(
        StackName=STACK, TemplateBody=body, EnableTerminationProtection=protected
    )
    return settled(people)


def settled(people: Directory) -> str:
    waiter = client(people, "prod", "cloudformation").get_waiter("stack_exists")
    while (found := status(people)).endswith("_IN_PROGRESS"):
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": 1})
    return found


def status(people: Directory) -> str:
    try:
        (stack,) = client(people, "prod", "cloudformation").describe_stacks(StackName=STACK)[
            "Stacks"
        ]
    except ClientError:
        return ""
    return str(stack["StackStatus"])


def tables(people: Directory) -> list[str]:
    return list(client(people, "prod", "dynamodb").list_tables()["TableNames"])


def buckets(people: Directory) -> list[str]:
    listed = client(people, "prod", "s3").list_buckets()["Buckets"]
    return [each["Name"] for each in listed]


def never_asked(question: str) -> str:
    raise AssertionError(question)


def test_a_failed_creation_is_removed_and_the_next_one_succeeds(
    people: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    # A protected table stops the rollback, and so the next creation: the reason for all this.
    assert create(people, BROKEN, protected=True) == "ROLLBACK_FAILED"
    assert tables(people) == ["tap-prod-catalog", "tap-prod-requests"]

    assert main(["prod"], ask=lambda _: STACK) == 0

    said = capsys.readouterr().out
    assert "1. take the termination protection from the stack tap-prod" in said
    assert "2. delete the stack tap-prod (ROLLBACK_FAILED, never complete)" in said
    assert "3. delete the AWS::DynamoDB::GlobalTable tap-prod-catalog, which is empty" in said
    assert status(people) == ""
    # What it did not make has its name still.
    assert tables(people) == ["tap-prod-requests"]
    assert buckets(people) == []
    client(people, "prod", "dynamodb").delete_table(TableName="tap-prod-requests")
    assert create(people, BROKEN) == "CREATE_COMPLETE"


def test_what_a_deleted_stack_left_is_found_too(people: Directory) -> None:
    """`cdk deploy` deletes a failed stack by itself, which leaves the protected table."""
    create(people, BROKEN)
    cloudformation = client(people, "prod", "cloudformation")
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1}
    )
    assert "tap-prod-catalog" in tables(people)
    assert main(["prod", "--yes"], never_asked) == 0
    assert tables(people) == ["tap-prod-requests"]


@pytest.mark.parametrize("arguments", [["prod", "--dry-run"], ["prod"]])
def test_nothing_is_done_that_was_not_confirmed(people: Directory, arguments: list[str]) -> None:
    create(people, BROKEN)
    assert main(arguments, ask=lambda _: "yes") == (0 if "--dry-run" in arguments else 1)
    assert status(people) == "ROLLBACK_FAILED"
    assert "tap-prod-catalog" in tables(people)


def test_a_stack_that_was_complete_is_refused(
    people: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(people, WHOLE) == "CREATE_COMPLETE"
    assert main(["prod", "--yes"]) == 1
    assert "was complete once (CREATE_COMPLETE)" in capsys.readouterr().err
    client(people, "prod", "cloudformation").update_stack(StackName=STACK, TemplateBody=BROKEN)
    assert settled(people) == "UPDATE_ROLLBACK_COMPLETE"
    assert main(["prod", "--yes"]) == 1
    assert status(people) == "UPDATE_ROLLBACK_COMPLETE"
    assert buckets(people) == [BUCKET]


def test_a_deleted_stack_that_was_complete_is_refused(people: Directory) -> None:
    create(people, WHOLE)
    client(people, "prod", "cloudformation").delete_stack(StackName=STACK)
    assert settled(people) == ""
    assert main(["prod", "--yes"]) == 1
    assert (buckets(people), "tap-prod-catalog" in tables(people)) == ([BUCKET], True)


def test_a_store_with_data_in_it_is_refused_before_anything_is_done(
    people: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    create(people, BROKEN)
    client(people, "prod", "dynamodb").put_item(
        TableName="tap-prod-catalog", Item={"id": {"S": "somebody's"}}
    )
    assert main(["prod", "--yes"]) == 1
    assert "AWS::DynamoDB::GlobalTable tap-prod-catalog is not empty" in capsys.readouterr().err
    assert status(people) == "ROLLBACK_FAILED"


def test_where_nothing_is_left_it_says_so(
    people: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    create(people, BROKEN)
    assert main(["prod", "--yes"]) == 0
    assert main(["prod", "--yes"]) == 0
    assert "Nothing to recover" in capsys.readouterr().out


def test_credentials_of_another_account_are_refused(
    accounts_server: Server,
    people: Directory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    become(monkeypatch, accounts_server, people, "dev")
    assert main(["prod", "--yes"]) == 1
    assert "of 222222222222, and prod is 333333333333" in capsys.readouterr().err


def test_an_unknown_name_is_told_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["production"]) == 2
    assert "only tools, dev, prod" in capsys.readouterr().err
