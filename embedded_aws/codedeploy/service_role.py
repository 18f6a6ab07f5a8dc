"""Whose permissions a deployment has: those of its group's service role.

CodeDeploy assumes it, so the role must trust `codedeploy.amazonaws.com` ("Create a service role for
CodeDeploy", CodeDeploy user guide).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import Any, Self

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import iam

from embedded_aws import registry
from embedded_aws.codedeploy.acting import DeploymentError
from embedded_aws.codedeploy.model import Deployment, Ending

_SERVICE = "codedeploy.amazonaws.com"
_POLICIES = "arn:aws:iam::aws:policy/service-role/"


class ServiceRole:
    """AWS clients with a deployment's permissions. A context manager: closes what it made.

    Raises `DeploymentError` on entry when the role is not there or does not trust CodeDeploy.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._role = deployment.group.role
        self._account = deployment.account
        self._session = deployment.id
        self._open = ExitStack()
        self._clients: dict[str, Any] = {}
        self._credentials: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        if not _trusts(self._account, self._role):
            raise DeploymentError(
                Ending(
                    "IAM_ROLE_PERMISSIONS",
                    "AWS CodeDeploy does not have the permissions required to assume the role "
                    f"{self._role}.",
                )
            )
        with closing(registry.client("sts", account=self._account)) as sts:
            answer = sts.assume_role(RoleArn=self._role, RoleSessionName=self._session)
        self._credentials = answer["Credentials"]
        return self

    def __call__(self, service: str) -> Any:
        """A boto3 client of this service."""
        if service not in self._clients:
            made = registry.client(service, self._credentials)
            self._clients[service] = self._open.enter_context(closing(made))
        return self._clients[service]

    def __exit__(self, *_: object) -> None:
        self._open.close()


def _trusts(account: str, role_arn: str) -> bool:
    """Whether there is such a role, and CodeDeploy may assume it."""
    with request_scope(account, registry.region()):
        role = iam._roles.get(role_arn.rpartition("/")[2])
    if role is None or role["Arn"] != role_arn:
        return False
    context = iam_evaluator.EvalContext(
        principal_arn=_SERVICE,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=registry.region(),
        service_context={"aws:sourceaccount": account},
    )
    statements = json.loads(role["AssumeRolePolicyDocument"])["Statement"]
    # A trust policy is about its own role and does not name it.
    about = [{**each, "Resource": role_arn} for each in _list(statements)]
    verdict = iam_evaluator.evaluate_resource_policy(
        {"Statement": about}, context, service=_SERVICE
    )
    return bool(verdict.decision == "Allow")


def _list(statements: Any) -> list[dict[str, Any]]:
    return statements if isinstance(statements, list) else [statements]


def offer_managed_policies() -> None:
    """Adds AWS's policies for service roles that deploy to Lambda; the emulator lacks them.

    As "AWSCodeDeployRoleForLambda" and "…Limited" have them (AWS managed policy reference): the
    first may invoke hooks whose names begin with CodeDeployHook_, the other no function at all.
    """
    limited = [
        _allow(
            "*",
            "cloudwatch:DescribeAlarms",
            "lambda:UpdateAlias",
            "lambda:GetAlias",
            "lambda:GetProvisionedConcurrencyConfig",
            "sns:Publish",
        ),
        _allow("arn:aws:s3:::*/CodeDeploy/*", "s3:GetObject", "s3:GetObjectVersion"),
        _allow("*", "s3:GetObject", "s3:GetObjectVersion")
        | {
            "Condition": {"StringEquals": {"s3:ExistingObjectTag/UseWithCodeDeploy": "true"}},
        },
    ]
    hooks = _allow("arn:aws:lambda:*:*:function:CodeDeployHook_*", "lambda:InvokeFunction")
    for name, statements in (
        ("AWSCodeDeployRoleForLambdaLimited", limited),
        ("AWSCodeDeployRoleForLambda", [*limited, hooks]),
    ):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam._aws_managed_policies[f"{_POLICIES}{name}"] = iam._make_aws_managed_record(
            f"service-role/{name}", document, "Provides CodeDeploy access to deploy to Lambda."
        )


def _allow(resource: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}
