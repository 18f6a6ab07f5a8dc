"""What actions hand on is encrypted, private, and there for as long as an approval may wait.

Proves the artifact bucket's and key's settings. Who may read and write them is in the reviewed text
of permissions; what the smoke projects may do is a rule of the gates (tests/gates).
"""

from __future__ import annotations

from typing import Any

from tests.support.synthesis import Assembly


def artifact_bucket(assembly: Assembly) -> Any:
    """The one that CloudFormation names; that of decisions has a name of ours."""
    buckets = assembly.resources("AWS::S3::Bucket")
    (bucket,) = (each for each in buckets if "BucketName" not in each)
    return bucket


def test_artifacts_are_encrypted_private_and_do_not_stay_forever(assembly: Assembly) -> None:
    bucket = artifact_bucket(assembly)
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (lifecycle,) = bucket["LifecycleConfiguration"]["Rules"]
    assert lifecycle["Status"] == "Enabled"
    keys = assembly.resources("AWS::KMS::Key")
    assert keys
    assert all(key["EnableKeyRotation"] is True for key in keys)


def test_artifacts_outlive_the_longest_approval(assembly: Assembly) -> None:
    bucket = artifact_bucket(assembly)
    (lifecycle,) = bucket["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] > 60


def test_artifacts_and_records_travel_encrypted_only(assembly: Assembly) -> None:
    policies = assembly.resources("AWS::S3::BucketPolicy")
    assert len(policies) == len(assembly.resources("AWS::S3::Bucket"))
    unencrypted = {"Bool": {"aws:SecureTransport": "false"}}
    for policy in policies:
        statements = policy["PolicyDocument"]["Statement"]
        (denial,) = (each for each in statements if each.get("Condition") == unencrypted)
        assert (denial["Effect"], denial["Action"]) == ("Deny", "s3:*")
        assert denial["Principal"] == {"AWS": "*"}
