"""What actions hand on is encrypted, private, and read by those who deploy it only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.pipeline import Delivery
from assembly.plain import listed, plain
from gates.shape.violation import Violation

PRIVATE = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


def artifacts_are_encrypted(delivery: Delivery) -> Iterator[Violation]:
    """One private bucket of this stack, under a rotating key of this stack, for every artifact."""
    resources = delivery.pipeline_stack.template["Resources"]
    store = delivery.pipeline.get("ArtifactStore", {})
    bucket = _named(resources, store.get("Location"))
    key = _named(resources, store.get("EncryptionKey", {}).get("Id"))
    if "ArtifactStores" in delivery.pipeline or not bucket or not key:
        yield Violation(
            "the artifact store",
            "is not a bucket and a key of this stack",
            "artifacts are in one bucket, under one key, both made in pipeline/artifacts.py",
        )
        return
    rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    defaults = [rule.get("ServerSideEncryptionByDefault", {}) for rule in rules]
    keys = [_named(resources, each.get("KMSMasterKeyID")) for each in defaults]
    if [each.get("SSEAlgorithm") for each in defaults] != ["aws:kms"] or keys != [key]:
        yield Violation("the artifact bucket", "is not encrypted with its key", "encrypt it")
    if bucket.get("PublicAccessBlockConfiguration") != PRIVATE:
        yield Violation("the artifact bucket", "may become public", "block all public access")
    if key.get("EnableKeyRotation") is not True:
        yield Violation("the artifact key", "is not rotated", "enable_key_rotation=True")
    for build in delivery.builds:
        if _named(resources, build.properties.get("EncryptionKey")) != key:
            yield Violation(build.where, "encrypts with another key", "use the artifact key")


def artifacts_are_read_by_deployers_only(delivery: Delivery) -> Iterator[Violation]:
    """The bucket and key let the deploy roles in and nobody else, and nobody over plain HTTP."""
    intended = delivery.intended
    deployers = {intended.bootstrap_role(t.account, "deploy") for t in intended.targets}
    own = f"arn:aws:iam::{intended.tools}:root"
    refuses_plain = False
    for where, statement in _resource_statements(delivery):
        principal = plain(statement.get("Principal"))
        refuses_plain |= _refuses_plain_http(statement)
        if statement.get("Effect") == "Deny":
            continue
        named = set(listed(principal.get("AWS"))) if isinstance(principal, dict) else {"*"}
        strangers = named - deployers - ({own} if where == "the artifact key" else set())
        if strangers or not isinstance(principal, dict) or set(principal) != {"AWS"}:
            yield Violation(where, f"lets {sorted(strangers) or principal} in", "remove them")
    if not refuses_plain:
        yield Violation("the artifact bucket", "accepts plain HTTP", "enforce_ssl=True")


def _resource_statements(delivery: Delivery) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, each in delivery.pipeline_stack.resources("AWS::S3::BucketPolicy"):
        for statement in listed(each["Properties"]["PolicyDocument"]["Statement"]):
            yield "the artifact bucket", statement
    for _, each in delivery.pipeline_stack.resources("AWS::KMS::Key"):
        for statement in listed(each["Properties"]["KeyPolicy"]["Statement"]):
            yield "the artifact key", statement


def _refuses_plain_http(statement: dict[str, Any]) -> bool:
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and statement.get("Principal") == {"AWS": "*"}
        and listed(statement.get("Action")) == ["s3:*"]
    )


def _named(resources: dict[str, Any], reference: Any) -> dict[str, Any]:
    """The properties of the resource that a reference names, {} for anything else."""
    logical_id = str(plain(reference)).removeprefix("<").partition(">")[0].removesuffix(".Arn")
    properties: dict[str, Any] = resources.get(logical_id, {}).get("Properties", {})
    return properties


def assets_are_files(delivery: Delivery) -> Iterator[Violation]:
    """Publishing uploads files of the assembly to the bootstrap's bucket, with its role.

    An asset may name a program that makes it (`executable`): it would run in the build that may
    write to every account, and no template would show it.
    """
    for file, manifest in delivery.documents.items():
        if not file.endswith(".assets.json"):
            continue
        if manifest.get("dockerImages"):
            yield Violation(file, "builds container images while publishing", "ship files")
        for asset in manifest.get("files", {}).values():
            yield from _is_a_file(delivery, file, asset)


def _is_a_file(delivery: Delivery, file: str, asset: dict[str, Any]) -> Iterator[Violation]:
    where = f"{file}, asset {asset.get('displayName', '?')}"
    source = asset.get("source", {})
    if set(source) != {"path", "packaging"} or source["path"].startswith("/"):
        yield Violation(where, f"is made by {source}", "an asset is a path in the assembly")
    intended = delivery.intended
    accounts = (intended.tools, *(target.account for target in intended.targets))
    allowed = [
        (
            f"cdk-hnb659fds-assets-{account}-{intended.region}",
            intended.bootstrap_role(account, "file-publishing"),
        )
        for account in accounts
    ]
    for destination in asset.get("destinations", {}).values():
        role = str(destination.get("assumeRoleArn")).replace("${AWS::Partition}", "aws")
        if (destination.get("bucketName"), role) not in allowed:
            yield Violation(where, f"goes to {destination}", "publish to the bootstrap's bucket")
