"""Proves that everybody in the rehearsal's accounts may do what their part needs, and no more.

The emulator decides, with signatures and policies checked. What the pipeline's own roles may do
is the business of the template tests and of the pipeline's runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.installation import Account, smoke_project_role_arn, smoke_role_arn
from rehearsal.accounts import Credentials, Directory
from rehearsal.bootstrap import bootstrap
from rehearsal.clients import Session
from rehearsal.errors import CommandError, NotRunningError
from rehearsal.server import Server
from tests.support import aws


@pytest.fixture(scope="module")
def operator(emulator: Server, directory: Directory) -> Session:
    """Whoever watches the pipeline."""
    return emulator.session(directory.operator())


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Whether the emulator denies this call for want of permission."""
    try:
        call(**arguments)
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False


class TestAnAdministrator:
    @pytest.mark.parametrize("account", list(Account))
    def test_signs_with_a_verified_key_of_the_own_account(
        self, emulator: Server, administrators: Mapping[Account, Credentials], account: Account
    ) -> None:
        session = emulator.session(administrators[account])
        arn = session.client("sts").get_caller_identity()["Arn"]
        assert arn == f"arn:aws:iam::{account}:user/administrator"
        forged = Credentials(administrators[account].access_key_id, "wrong")
        with pytest.raises(ClientError, match="signature"):
            emulator.session(forged).client("iam").list_users()

    def test_sees_nothing_of_another_account(
        self, emulator: Server, administrators: Mapping[Account, Credentials]
    ) -> None:
        dev, prod = (
            emulator.session(administrators[account]).client("dynamodb")
            for account in (Account.DEV, Account.PROD)
        )
        dev.create_table(
            TableName="only-dev",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        assert "only-dev" in dev.list_tables()["TableNames"]
        assert "only-dev" not in prod.list_tables()["TableNames"]

    def test_has_keys_that_only_their_owner_can_read(
        self, emulator: Server, directory: Directory
    ) -> None:
        assert directory.administrator(Account.DEV)
        assert (emulator.root / "administrators.json").stat().st_mode & 0o077 == 0

    def test_is_missed_by_name_where_none_was_made(self, tmp_path: Path) -> None:
        with pytest.raises(NotRunningError, match="no accounts"):
            Directory(Server(tmp_path)).administrator(Account.DEV)


class TestTheOperator:
    def test_reads_builds_and_logs(self, operator: Session) -> None:
        assert operator.client("codebuild").batch_get_projects(names=["x"])["projects"] == []
        assert operator.client("logs").describe_log_groups()

    def test_changes_nothing(self, operator: Session) -> None:
        assert refused(operator.client("codebuild").start_build, projectName="x")
        assert refused(operator.client("logs").create_log_group, logGroupName="x")
        assert refused(operator.client("s3").list_buckets)
        assert refused(operator.client("iam").create_user, UserName="x")
        assert refused(operator.client("cloudformation").create_stack, StackName="x")

    def test_becomes_nobody_else(self, operator: Session) -> None:
        assume = operator.client("sts").assume_role
        arn = smoke_project_role_arn("dev")
        assert refused(assume, RoleArn=arn, RoleSessionName="test")


class TestTheSmokeRole:
    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def roles(emulator: Server, administrators: Mapping[Account, Credentials]) -> None:
        """The two roles as the pipeline's and the application's stack make them."""
        tools, dev = (
            emulator.session(administrators[account]).client("iam")
            for account in (Account.TOOLS, Account.DEV)
        )
        project = smoke_project_role_arn("dev").rpartition("/")[2]
        tools.create_role(RoleName=project, AssumeRolePolicyDocument=aws.trust("codebuild"))
        tools.put_role_policy(
            RoleName=project,
            PolicyName="only",
            PolicyDocument=aws.allow("sts:AssumeRole", smoke_role_arn("dev")),
        )
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": smoke_project_role_arn("dev")},
            "Action": "sts:AssumeRole",
        }
        dev.create_role(
            RoleName=smoke_role_arn("dev").rpartition("/")[2],
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )

    def test_is_reached_through_the_smoke_project(
        self, emulator: Server, directory: Directory
    ) -> None:
        session = emulator.session(directory.person(Account.DEV))
        arn = session.client("sts").get_caller_identity()["Arn"]
        assert arn.startswith(f"arn:aws:sts::{Account.DEV}:assumed-role/tap-dev-smoke/")

    def test_is_closed_to_the_administrator_of_tools(
        self, emulator: Server, administrators: Mapping[Account, Credentials]
    ) -> None:
        assume = emulator.session(administrators[Account.TOOLS]).client("sts").assume_role
        assert refused(assume, RoleArn=smoke_role_arn("dev"), RoleSessionName="test")


def test_the_real_bootstrap_prepares_every_account(
    emulator: Server, administrators: Mapping[Account, Credentials]
) -> None:
    bootstrap(emulator, administrators)
    for account, credentials in administrators.items():
        session = emulator.session(credentials)
        stack = session.client("cloudformation").describe_stacks(StackName="CDKToolkit")
        assert stack["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        role = f"cdk-hnb659fds-deploy-role-{account}-us-west-2"
        document = session.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        assert str(Account.TOOLS) in json.dumps(document)


def test_a_failing_bootstrap_shows_what_the_cli_said(emulator: Server) -> None:
    nobody = Credentials("AKIAIOSFODNN7EXAMPLE", "wrong")
    with pytest.raises(
        CommandError, match=r"(?s)`cdk bootstrap aws://2{12}.*failed.*no credentials"
    ):
        bootstrap(emulator, {Account.DEV: nobody})
