"""Proves that artifacts of earlier executions end, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from embedded_aws.server import Server
from rehearsal.accounts import TOOLS, Directory
from rehearsal.expiring import expire
from tests.embedded_aws.emulated import REGION
from tests.embedded_aws.emulated import TOOLS as ACCOUNT

PIPELINE, ARTIFACTS, OTHER = "expiring", "expiring-artifacts", "expiring-other"


def _action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "ActionTypeId": kind, **more}


SOURCE = _action(
    "Source",
    "Source",
    "S3",
    Configuration={"S3Bucket": OTHER, "S3ObjectKey": "source.zip"},
    OutputArtifacts=[{"Name": "Code"}],
)
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "codepipeline.amazonaws.com"},
}
VERSIONED = {"Status": "Enabled"}
RESOURCES = {
    "Artifacts": {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": ARTIFACTS, "VersioningConfiguration": VERSIONED},
    },
    "Other": {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": OTHER, "VersioningConfiguration": VERSIONED},
    },
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [TRUST]},
        },
    },
    "Pipeline": {
        "Type": "AWS::CodePipeline::Pipeline",
        "Properties": {
            "Name": PIPELINE,
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "ArtifactStore": {"Type": "S3", "Location": {"Ref": "Artifacts"}},
            "Stages": [
                {"Name": "Source", "Actions": [SOURCE]},
                {"Name": "Ask", "Actions": [_action("Ask", "Approval", "Manual")]},
            ],
        },
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("expiring")
    with Server(root, region=REGION, services=["codepipeline"]) as server:
        Directory(server).create_administrators({TOOLS: ACCOUNT})
        yield server


@pytest.fixture(scope="module")
def s3(server: Server) -> Any:
    session = Directory(server).session(TOOLS)
    formation = session.client("cloudformation")
    formation.create_stack(
        StackName=PIPELINE,
        TemplateBody=json.dumps({"Resources": RESOURCES}),
        Capabilities=["CAPABILITY_IAM"],
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName=PIPELINE, WaiterConfig={"Delay": 1}
    )
    return session.client("s3")


def test_what_was_written_before_the_moment_ends_in_every_version(server: Server, s3: Any) -> None:
    for body in (b"1", b"2"):
        s3.put_object(Bucket=ARTIFACTS, Key="expiring/Code/a", Body=body)
    s3.put_object(Bucket=OTHER, Key="expiring/Code/a", Body=b"3")
    written = [each["LastModified"].replace(microsecond=0) for each in _versions(s3, ARTIFACTS)]
    expire(server, PIPELINE, min(written) + timedelta(milliseconds=999))
    assert len(_versions(s3, ARTIFACTS)) == 2
    expire(server, PIPELINE, max(written) + timedelta(seconds=1))
    assert [_versions(s3, ARTIFACTS), len(_versions(s3, OTHER))] == [[], 1]


def _versions(s3: Any, bucket: str) -> list[Any]:
    return list(s3.list_object_versions(Bucket=bucket).get("Versions", []))
