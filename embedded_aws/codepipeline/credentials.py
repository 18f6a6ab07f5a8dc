"""Whose credentials an action works with.

CodePipeline assumes the pipeline's role, and with that the action's role, which may be in another
account: user guide "security-iam". Both are real AssumeRole calls, so a trust policy that does not
allow one fails the action here as it would there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import Any, Self

from botocore.exceptions import ClientError

from embedded_aws import registry
from embedded_aws.codepipeline.actions.base import ActionError, Context


class ActionClients:
    """AWS clients that act as the action's role. A context manager: closes what it made.

    Closing matters: a connection kept open would keep the stopping server waiting for itself.
    """

    def __init__(self, context: Context) -> None:
        self._open = ExitStack()
        self._context = context
        self.credentials: Mapping[str, str] = {}
        self._own: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        """Assumes the role; `ActionError` says whose trust is missing."""
        with closing(registry.client("sts", account=self._context.account)) as service:
            self._own = _assume(
                service, self._context.pipeline_role_arn, self._context.execution_id
            )
        role = self._context.action.role_arn
        if role is None or role == self._context.pipeline_role_arn:
            self.credentials = self._own
        else:
            with closing(registry.client("sts", self._own)) as pipeline:
                self.credentials = _assume(pipeline, role, self._context.execution_id)
        return self

    def __call__(self, service: str) -> Any:
        """A boto3 client of this service."""
        return self._open.enter_context(closing(registry.client(service, self.credentials)))

    def of_pipeline(self, service: str, region: str | None = None) -> Any:
        """A boto3 client that acts as the pipeline's own role; region: the action's unless told."""
        return self._open.enter_context(closing(registry.client(service, self._own, at=region)))

    def __exit__(self, *_: object) -> None:
        self._open.close()


def _assume(sts: Any, role_arn: str, session: str) -> Mapping[str, str]:
    try:
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=session)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise ActionError(
            f"CodePipeline cannot assume {role_arn}: {message}", code="PermissionError"
        ) from error
    credentials: Mapping[str, str] = answer["Credentials"]
    return credentials
