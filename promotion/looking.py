"""As whom the account is looked at that a release would be deployed to."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError

from ops.errors import OpsError


class NotLookedError(OpsError):
    """The role cannot be taken; the text says what to do."""


def session(role: str | None) -> Any:
    """boto3's session as a role, or with the shell's credentials. Raises `NotLookedError`."""
    if role is None:
        return boto3.Session()
    try:
        answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="promotion")
    except ClientError as error:
        why = error.response["Error"]["Message"]
        raise NotLookedError(
            f"{role} cannot be taken ({why}): whoever owns its account applies the bootstrap of "
            "this commit, scripts/bootstrap ENVIRONMENT, and the stage is tried again"
        ) from None
    keys = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
