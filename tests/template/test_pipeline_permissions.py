"""The smoke projects and the artifact bucket allow what was promised and not more.

Proves: every permission in the smoke projects' roles, and the bucket's and key's settings. Does not
cover the roles that CDK generates for the pipeline's own actions, nor what the bootstrapped roles
of the target accounts may do.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from assembly.text import plain
from tests.support.synthesis import Assembly

TARGETS = [("dev", "222222222222"), ("prod", "333333333333")]


def smoke_role(assembly: Assembly, environment: str) -> tuple[str, Any]:
    """The logical id and properties of an environment's smoke project's role."""
    name = f"tap-pipeline-smoke-{environment}"
    ((logical_id, role),) = (
        (logical_id, each["Properties"])
        for logical_id, each in assembly.template["Resources"].items()
        if each["Type"] == "AWS::IAM::Role" and each["Properties"].get("RoleName") == name
    )
    return logical_id, role


def listed(value: Any) -> list[Any]:
    """What a policy may write alone or as a list, as a list."""
    return value if isinstance(value, list) else [value]


def each_of(assembly: Assembly, resource: Any) -> str:
    """A statement's resource: a literal ARN, or the name (else the type) of what it refers to."""
    text = str(plain(resource))
    for logical_id, each in assembly.template["Resources"].items():
        properties = each.get("Properties", {})
        name = properties.get("LogGroupName", properties.get("Name", each["Type"]))
        text = re.sub(rf"<{logical_id}(\.Arn)?>", name, text)
    return text


@pytest.mark.parametrize(("environment", "account"), TARGETS)
def test_the_smoke_project_may_assume_one_role_and_do_what_a_build_needs(
    assembly: Assembly, environment: str, account: str
) -> None:
    _, role = smoke_role(assembly, environment)
    granted = {
        (action, each_of(assembly, statement["Resource"]))
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    own_logs = f"/aws/codebuild/tap-pipeline-smoke-{environment}"
    own_reports = f"tap-pipeline-smoke-{environment}"
    assert granted == {
        ("sts:AssumeRole", f"arn:aws:iam::{account}:role/tap-{environment}-smoke"),
        ("logs:CreateLogStream", own_logs),
        ("logs:PutLogEvents", own_logs),
        ("codebuild:BatchPutTestCases", own_reports),
        ("codebuild:CreateReport", own_reports),
        ("codebuild:UpdateReport", own_reports),
        ("s3:GetBucketAcl", "AWS::S3::Bucket"),
        ("s3:GetBucketLocation", "AWS::S3::Bucket"),
        ("s3:GetObject", "AWS::S3::Bucket/*"),
        ("s3:GetObjectVersion", "AWS::S3::Bucket/*"),
        ("s3:PutObject", "AWS::S3::Bucket/*"),
        ("kms:Decrypt", "AWS::KMS::Key"),
        ("kms:DescribeKey", "AWS::KMS::Key"),
        ("kms:GenerateDataKey", "AWS::KMS::Key"),
    }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_nothing_else_adds_to_the_smoke_projects_permissions(
    assembly: Assembly, environment: str
) -> None:
    logical_id, role = smoke_role(assembly, environment)
    assert "ManagedPolicyArns" not in role
    for policy in assembly.resources("AWS::IAM::Policy"):
        assert {"Ref": logical_id} not in policy["Roles"]
    project = assembly.projects[f"tap-pipeline-smoke-{environment}"]
    assert project["ServiceRole"] == {"Fn::GetAtt": [logical_id, "Arn"]}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_only_codebuild_becomes_the_smoke_project(assembly: Assembly, environment: str) -> None:
    _, role = smoke_role(assembly, environment)
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}


def test_artifacts_are_encrypted_private_and_do_not_stay_forever(assembly: Assembly) -> None:
    (bucket,) = assembly.resources("AWS::S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (lifecycle,) = bucket["LifecycleConfiguration"]["Rules"]
    assert lifecycle["Status"] == "Enabled"
    (key,) = assembly.resources("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True


def test_artifacts_outlive_the_longest_approval(assembly: Assembly) -> None:
    (bucket,) = assembly.resources("AWS::S3::Bucket")
    (lifecycle,) = bucket["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] > 60


def test_artifacts_travel_encrypted_only(assembly: Assembly) -> None:
    (policy,) = assembly.resources("AWS::S3::BucketPolicy")
    denials = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    (denial,) = denials
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denial["Principal"] == {"AWS": "*"}
