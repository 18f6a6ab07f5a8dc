"""Who acts in the rehearsal: administrators, the pipeline's operator, the smoke roles.

An account's root plays only what AWS itself does: it creates the administrator (as AWS
Organizations hands over a new account) and assumes a service role by its service principal (as
CodeBuild does). Everyone else signs with keys that the emulator verifies.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from embedded_aws.installation import (
    PIPELINE,
    REGION,
    Account,
    smoke_project_role_arn,
    smoke_role_arn,
)
from rehearsal.credentials import Credentials
from rehearsal.errors import NotRunningError
from rehearsal.server import Server

__all__ = ["ADMINISTRATOR", "OPERATOR", "OPERATOR_ROLE_ARN", "Credentials", "Directory"]

ADMINISTRATOR = "administrator"
OPERATOR = "tap-operator"
OPERATOR_ROLE_ARN = f"arn:aws:iam::{Account.TOOLS}:role/{OPERATOR}"

_OPERATOR_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{Account.TOOLS}:user/{ADMINISTRATOR}"},
            "Action": "sts:AssumeRole",
        }
    ],
}

_OPERATOR_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Watch",
            "Effect": "Allow",
            "Action": [
                "codepipeline:Get*",
                "codepipeline:List*",
                "codebuild:BatchGet*",
                "codebuild:Describe*",
                "codebuild:List*",
                "logs:Describe*",
                "logs:FilterLogEvents",
                "logs:Get*",
            ],
            "Resource": "*",
        },
        {
            "Sid": "Answer",
            "Effect": "Allow",
            "Action": [
                "codepipeline:PutApprovalResult",
                "codepipeline:RetryStageExecution",
                "codepipeline:StopPipelineExecution",
            ],
            "Resource": [
                f"arn:aws:codepipeline:{REGION}:{Account.TOOLS}:{PIPELINE}",
                f"arn:aws:codepipeline:{REGION}:{Account.TOOLS}:{PIPELINE}/*",
            ],
        },
    ],
}


class Directory:
    """The accounts' people and roles, made in one running server and looked up there."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._path = server.root / "administrators.json"

    def create_administrators(self) -> dict[Account, Credentials]:
        """An administrator with an access key in every account, and the operator in tools.

        The keys are kept in the root, readable by their owner only, for later commands.
        """
        made = {account: self._create_administrator(account) for account in Account}
        self._create_operator(made[Account.TOOLS])
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps({str(k): asdict(v) for k, v in made.items()}))
        return made

    def administrator(self, account: Account) -> Credentials:
        """The administrator that `create_administrators` made in this account."""
        try:
            return Credentials(**json.loads(self._path.read_text())[account])
        except FileNotFoundError as error:
            raise NotRunningError(f"{self._server.root} has no accounts yet") from error

    def operator(self) -> Credentials:
        """A session of the role that may watch the pipeline and answer its approval."""
        return self._assume(self.administrator(Account.TOOLS), OPERATOR_ROLE_ARN)

    def person(self, account: Account) -> Credentials:
        """Whom `rehearsal env` makes of a developer: the operator in tools, else the smoke role."""
        return self.operator() if account is Account.TOOLS else self.smoke(account.label)

    def smoke(self, environment: str) -> Credentials:
        """A session of the environment's smoke role, reached as the smoke project reaches it."""
        project = self._assume(_root(Account.TOOLS), smoke_project_role_arn(environment))
        return self._assume(project, smoke_role_arn(environment))

    def _create_administrator(self, account: Account) -> Credentials:
        iam = self._server.session(_root(account)).client("iam")
        iam.create_user(UserName=ADMINISTRATOR)
        iam.attach_user_policy(
            UserName=ADMINISTRATOR, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
        key = iam.create_access_key(UserName=ADMINISTRATOR)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def _create_operator(self, administrator: Credentials) -> None:
        iam = self._server.session(administrator).client("iam")
        iam.create_role(
            RoleName=OPERATOR,
            AssumeRolePolicyDocument=json.dumps(_OPERATOR_TRUST),
            MaxSessionDuration=43200,
        )
        iam.put_role_policy(
            RoleName=OPERATOR, PolicyName="operate", PolicyDocument=json.dumps(_OPERATOR_POLICY)
        )

    def _assume(self, credentials: Credentials, role_arn: str) -> Credentials:
        sts = self._server.session(credentials).client("sts")
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="rehearsal")
        return Credentials.from_sts(answer["Credentials"])


def _root(account: Account) -> Credentials:
    return Credentials(str(account), "root")
