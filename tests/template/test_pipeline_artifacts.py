"""What actions hand on is encrypted, private, and there for as long as an approval may wait.

Proves the artifact bucket's and key's settings. Who may read and write them is in the reviewed text
of permissions; what the smoke projects may do is a rule of the gates (tests/gates).
"""

from __future__ import annotations

from tests.support.synthesis import Assembly


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
