"""A form uploads in the name of whoever signed it, be that a user or a role's session.

Proves on the running emulator that a role's form is taken with the role's rights and no others.
What a form's policy allows is for test_file_events.py. Not proved: forms of another account's role.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

import boto3
import pytest
import requests
from botocore.config import Config

from tests.embedded_aws.emulated import DEV, REGION, Credentials, Server, Session

BUCKET = "forms-by-roles"


@pytest.fixture(scope="module")
def session(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    made = emulator.session(administrators[DEV])
    where = {"LocationConstraint": REGION}
    made.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    return made


def upload_as_role(server: Server, session: Session, allowed: str) -> requests.Response:
    """The answer to a form for the key uploads/one, signed by a role that may put to `allowed`."""
    name = f"signer-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": DEV}, "Action": "sts:AssumeRole"}
    right = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{allowed}"}
    iam = session.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="put", PolicyDocument=_document(right))
    role = f"arn:aws:iam::{DEV}:role/{name}"
    given = session.client("sts").assume_role(RoleArn=role, RoleSessionName="forms")["Credentials"]
    signer = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=Config(signature_version="s3v4"),
    )
    form = signer.generate_presigned_post(BUCKET, "uploads/one")
    return requests.post(
        form["url"],
        data=form["fields"],
        files={"file": b"content"},
        verify=str(server.ca_bundle),
        timeout=30,
    )


def _document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_form_of_a_role_uploads_with_its_rights(emulator: Server, session: Session) -> None:
    answer = upload_as_role(emulator, session, f"{BUCKET}/uploads/*")
    assert answer.status_code == 204, answer.text
    stored = session.client("s3").get_object(Bucket=BUCKET, Key="uploads/one")
    assert stored["Body"].read() == b"content"


def test_a_form_of_a_role_uploads_nothing_that_the_role_may_not(
    emulator: Server, session: Session
) -> None:
    answer = upload_as_role(emulator, session, f"{BUCKET}/elsewhere/*")
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text
