"""Proves that everybody in the rehearsal's accounts may do what their part needs, and no more.

The emulator decides, with signatures and policies checked. What the pipeline's own roles may do
is the business of the template tests and of the pipeline's runs.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.clients import Credentials, Session
from embedded_aws.server import Server
from rehearsal import CHECKOUT
from rehearsal.accounts import Directory
from rehearsal.errors import AlreadyUpError, CommandError, NotUpError, UnknownAccountError
from rehearsal.lifecycle import bootstrap
from rehearsal.own import OwnProject
from rehearsal.progress import Progress
from rehearsal.starting import Starter
from rehearsal.tools import run_tool
from tests.embedded_aws.emulated import ACCOUNTS, DEV, PROD, REGION, TOOLS
from tests.support import aws

SMOKE_PROJECT_ROLE = f"arn:aws:iam::{TOOLS}:role/smoke-project"
SMOKE_ROLE = f"arn:aws:iam::{DEV}:role/smoke"


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
    @pytest.mark.parametrize("account", list(ACCOUNTS.values()))
    def test_signs_with_a_verified_key_of_the_own_account(
        self, emulator: Server, administrators: Mapping[str, Credentials], account: str
    ) -> None:
        session = emulator.session(administrators[account])
        arn = session.client("sts").get_caller_identity()["Arn"]
        assert arn == f"arn:aws:iam::{account}:user/administrator"
        forged = Credentials(administrators[account].access_key_id, "wrong")
        with pytest.raises(ClientError, match="signature"):
            emulator.session(forged).client("iam").list_users()

    def test_sees_nothing_of_another_account(
        self, emulator: Server, administrators: Mapping[str, Credentials]
    ) -> None:
        dev, prod = (
            emulator.session(administrators[account]).client("dynamodb") for account in (DEV, PROD)
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
        assert directory.administrator("dev")
        assert (emulator.root / "administrators.json").stat().st_mode & 0o077 == 0

    def test_is_missed_by_name_where_none_was_made(self, tmp_path: Path) -> None:
        with pytest.raises(NotUpError, match="no accounts"):
            Directory(Server(tmp_path, region=REGION)).administrator("dev")


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
        assert refused(assume, RoleArn=SMOKE_PROJECT_ROLE, RoleSessionName="test")


class TestTheSmokeRole:
    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def roles(emulator: Server, administrators: Mapping[str, Credentials]) -> None:
        """The two roles as the stacks of a pipeline and of an application make them."""
        tools, dev = (
            emulator.session(administrators[account]).client("iam") for account in (TOOLS, DEV)
        )
        project = SMOKE_PROJECT_ROLE.rpartition("/")[2]
        tools.create_role(RoleName=project, AssumeRolePolicyDocument=aws.trust("codebuild"))
        tools.put_role_policy(
            RoleName=project,
            PolicyName="only",
            PolicyDocument=aws.allow("sts:AssumeRole", SMOKE_ROLE),
        )
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": SMOKE_PROJECT_ROLE},
            "Action": "sts:AssumeRole",
        }
        dev.create_role(
            RoleName=SMOKE_ROLE.rpartition("/")[2],
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )

    def test_is_reached_through_the_smoke_project(
        self, emulator: Server, directory: Directory
    ) -> None:
        session = emulator.session(directory.smoke(SMOKE_ROLE))
        arn = session.client("sts").get_caller_identity()["Arn"]
        assert arn.startswith(f"arn:aws:sts::{DEV}:assumed-role/smoke/")

    def test_is_closed_to_the_administrator_of_tools(
        self, emulator: Server, administrators: Mapping[str, Credentials]
    ) -> None:
        assume = emulator.session(administrators[TOOLS]).client("sts").assume_role
        assert refused(assume, RoleArn=SMOKE_ROLE, RoleSessionName="test")


def test_an_account_that_is_not_there_is_told_from_those_that_are(directory: Directory) -> None:
    with pytest.raises(UnknownAccountError, match="'staging' here; there are: tools, dev, prod"):
        directory.administrator("staging")


def test_an_added_account_gets_an_administrator_and_the_others_keep_theirs(
    tmp_path: Path, emulator: Server
) -> None:
    copy = Directory(emulator, keys=tmp_path / "keys.json")
    first = {"one": "555555555555", "two": "666666666666"}
    assert copy.create_administrators(first) == ["one", "two"]
    kept = copy.administrator("two")
    assert copy.create_administrators(first | {"three": "777777777777"}) == ["three"]
    assert copy.administrator("two") == kept
    assert copy.create_administrators(first) == []


def test_the_real_bootstrap_prepares_every_account(tmp_path: Path) -> None:
    # A server of its own: accounts that another test prepared by hand could not be bootstrapped.
    with Server(tmp_path, region=REGION, services=[]) as server:
        directory = Directory(server)
        directory.create_administrators(ACCOUNTS)
        bootstrap(server, OwnProject.of_checkout(CHECKOUT))
        for label, account in ACCOUNTS.items():
            session = directory.session(label)
            stack = session.client("cloudformation").describe_stacks(StackName="CDKToolkit")
            assert stack["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
            role = f"cdk-hnb659fds-deploy-role-{account}-{REGION}"
            made = session.client("iam").get_role(RoleName=role)["Role"]
            assert ACCOUNTS["tools"] in json.dumps(made["AssumeRolePolicyDocument"])


def test_a_failing_bootstrap_shows_what_the_cli_said(emulator: Server) -> None:
    nobody = Credentials("AKIAIOSFODNN7EXAMPLE", "wrong")
    with pytest.raises(CommandError, match=r"(?s)`scripts/bootstrap dev.*failed.*no credentials"):
        run_tool(emulator, ["scripts/bootstrap", "dev"], nobody)


def test_what_plays_another_region_than_the_settings_say_is_not_used(emulator: Server) -> None:
    elsewhere = replace(OwnProject.of_checkout(CHECKOUT), region="eu-central-1")
    progress = Progress(io.StringIO())
    with pytest.raises(AlreadyUpError, match=r"plays us-west-2, but .* eu-central-1"):
        Starter(emulator.root, None, progress, detached=False).start(elsewhere, None)
