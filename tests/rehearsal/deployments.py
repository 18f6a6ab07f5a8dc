"""Deploys one environment's stack, as the CDK made it, without a pipeline around it."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from embedded_aws.clients import Session
from settings import Environment
from stages.application import PERMISSIONS_BOUNDARY_NAME, ApplicationStage
from tests.embedded_aws.emulated import REGION
from tests.support.apps import scratch_app

ENVIRONMENT = "dev"
STACK = f"tap-{ENVIRONMENT}"
# An origin whose pages may call the application that is deployed.
PAGE = "https://pages.example"
_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def deploy(session: Session, account: str, **settings: Any) -> dict[str, str]:
    """The outputs of the stack, once it is there. `settings` are the ApplicationStage's own.

    The stack keeps its data: a disposable one would bring a custom resource that is not at issue.
    """
    app = scratch_app()
    stage = ApplicationStage(
        app,
        environment=Environment(ENVIRONMENT, str(account)),
        region=REGION,
        smoke_project_role_arn=f"arn:aws:iam::{account}:root",
        **settings,
    )
    (artifact,) = stage.synth().stacks
    prepare(session)
    publish(session, Path(artifact.template_full_path).parent)
    return _create(session, str(artifact.stack_template_asset_object_url))


def prepare(session: Session) -> None:
    """What a bootstrapped account has."""
    session.client("ssm").put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="99", Type="String", Overwrite=True
    )
    policy = {"Version": "2012-10-17", "Statement": [_EVERYTHING]}
    iam = session.client("iam")
    # Another test of this emulator may have bootstrapped the account for real.
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_policy(PolicyName=PERMISSIONS_BOUNDARY_NAME, PolicyDocument=json.dumps(policy))


def publish(session: Session, assembly: Path) -> None:
    """Puts an assembly's assets where its templates look for them."""
    s3 = session.client("s3")
    for manifest in assembly.glob("*.assets.json"):
        for asset in json.loads(manifest.read_text())["files"].values():
            source = assembly / asset["source"]["path"]
            zipped = asset["source"]["packaging"] == "zip"
            for destination in asset["destinations"].values():
                bucket = destination["bucketName"]
                _ensure_bucket(s3, bucket)
                body = _zip(source) if zipped else source.read_bytes()
                s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=body)


def _ensure_bucket(s3: Any, bucket: str) -> None:
    if bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        where = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)


def _zip(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return archive.getvalue()


def _create(session: Session, template: str) -> dict[str, str]:
    """template: its place, s3://<bucket>/<key>. As text it would be too long for a call."""
    place = template.removeprefix("s3://")
    cloudformation = session.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"https://s3.{REGION}.amazonaws.com/{place}",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
