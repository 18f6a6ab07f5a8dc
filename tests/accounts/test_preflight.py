"""A preflight finds each fault that is planted in an account, and nothing in one that is ready.

Proves, on the embedded AWS with the real bootstrap: each check says what is wrong and what to do;
with the permissions that `--policy` prints every check sees, and with fewer it says that it does
not; the exit codes. Does not prove what AWS answers where the embedded AWS has no such thing: an
organisation's refusal, a bucket of somebody else's.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError, WaiterError

from accounts.preflight.__main__ import _severity, look, main, policy
from accounts.preflight.account import Account
from accounts.preflight.checks import CHECKS
from accounts.preflight.checks.organization import organisation_allows_it
from accounts.preflight.checks.quotas import concurrency_suffices
from accounts.preflight.finding import Status
from accounts.preflight.registry import Named
from embedded_aws.clients import Credentials
from embedded_aws.connections.played import Connection
from embedded_aws.server import Server
from rehearsal.accounts import Directory
from rehearsal.tools import run_tool
from settings import ConnectionSource, Settings
from tests.accounts.conftest import become, client
from tests.support.bootstrap import SETTINGS
from tests.support.synthesis import REPOSITORY, Assembly

TABLE = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@dataclass(frozen=True)
class Looking:
    """Preflights of accounts of one server, by their administrators unless told."""

    server: Server
    people: Directory
    checkout: Path

    def account(self, name: str, credentials: Credentials | None = None) -> Account:
        session = self.server.session(credentials or self.people.administrator(name))
        return Account(
            name, SETTINGS, session.client, self.checkout, SETTINGS.region, self.server.endpoint
        )

    def said(self, account: Account) -> dict[str, tuple[Status, str]]:
        """What each check says, the worst first."""
        order = list(Status)
        found = sorted(look(account), key=lambda each: -order.index(each[1].status))
        return {title: (each.status, f"{each.text} {each.remedy}") for title, each in found}

    def of(self, name: str, check: str) -> tuple[Status, str]:
        """What one check says, of the account that it was planted in."""
        return self.said(self.account(name))[check]


@pytest.fixture(scope="module")
def looking(
    accounts_server: Server,
    people: Directory,
    assembly: Assembly,
    tmp_path_factory: pytest.TempPathFactory,
) -> Looking:
    """Two accounts that are ready, and one that nobody bootstrapped."""
    checkout = tmp_path_factory.mktemp("checkout") / "clone"
    checkout.mkdir()
    (checkout / "cdk.out").symlink_to(assembly.directory)
    source = SETTINGS.source
    assert isinstance(source, ConnectionSource)
    Connection(source.connection_arn, source.repository).write(accounts_server.root)
    for name in ("tools", "dev"):
        run_tool(accounts_server, ["scripts/bootstrap", name], people.administrator(name))
    return Looking(accounts_server, people, checkout)


ABOUT_THE_CHECKOUT = {"reviewed files", "commit"}


@pytest.mark.parametrize("name", ["tools", "dev"])
def test_an_account_that_is_ready_has_nothing_wrong(looking: Looking, name: str) -> None:
    said = looking.said(looking.account(name))
    about = {title: each for title, each in said.items() if title not in ABOUT_THE_CHECKOUT}
    assert {status for status, _ in about.values()} <= {Status.FINE, Status.NOTE}, about
    assert "right for a rehearsal" in said["settings"][1]


def test_an_account_that_nobody_prepared_is_told_the_command(looking: Looking) -> None:
    assert looking.of("prod", "bootstrap") == (
        Status.WRONG,
        "not bootstrapped: no stack CDKToolkit scripts/bootstrap prod",
    )


def test_a_deleted_bootstraps_bucket_is_told_apart(looking: Looking) -> None:
    s3 = client(looking.people, "prod", "s3")
    bucket = f"cdk-hnb659fds-assets-{SETTINGS.accounts['prod']}-{SETTINGS.region}"
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": SETTINGS.region}
    )
    status, text = looking.of("prod", "bootstrap")
    s3.delete_bucket(Bucket=bucket)
    assert status is Status.WRONG
    assert "so that a bootstrap would fail" in text


def test_credentials_of_another_account_end_it_at_once(looking: Looking) -> None:
    account = looking.account("prod", looking.people.administrator("dev"))
    ((title, found),) = look(account)
    assert (title, found.status) == ("account", Status.WRONG)
    assert "credentials are of 222222222222, and cdk.json says 333333333333" in found.text


def test_a_shell_of_another_region_is_noticed(looking: Looking) -> None:
    account = replace(looking.account("dev"), shell_region="eu-west-1")
    status, text = looking.said(account)["region"]
    assert status is Status.WRONG
    assert "export AWS_REGION=us-west-2" in text


def test_the_examples_settings_are_wrong_at_aws(looking: Looking) -> None:
    status, text = looking.said(replace(looking.account("tools"), endpoint=None))["settings"]
    assert status is Status.WRONG
    assert "the example's accounts" in text


@pytest.mark.parametrize(
    ("played", "text"),
    [
        ({"status": "PENDING"}, "the connection played is PENDING"),
        ({"arn": "arn:aws:codeconnections:us-west-2:111111111111:connection/other"}, "there is no"),
    ],
)
def test_a_connection_that_is_not_there_or_not_finished(
    looking: Looking, played: dict[str, str], text: str
) -> None:
    source = SETTINGS.source
    assert isinstance(source, ConnectionSource)
    good = Connection(source.connection_arn, source.repository)
    replace(good, **played).write(looking.server.root)  # type: ignore[arg-type]
    said = looking.of("tools", "connection")
    good.write(looking.server.root)
    assert said[0] is Status.WRONG
    assert text in said[1]


@pytest.fixture
def toolkit(looking: Looking) -> Iterator[Callable[..., None]]:
    """Applies a changed bootstrap to dev; afterwards it is as it was."""
    cloudformation = client(looking.people, "dev", "cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="CDKToolkit")["Stacks"]
    body = cloudformation.get_template(StackName="CDKToolkit")["TemplateBody"]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}

    def apply(template: Any, **parameters: str) -> None:
        values = given | parameters
        cloudformation.update_stack(
            StackName="CDKToolkit",
            TemplateBody=template if isinstance(template, str) else json.dumps(template),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        cloudformation.get_waiter("stack_update_complete").wait(
            StackName="CDKToolkit", WaiterConfig={"Delay": 1}
        )

    apply.body = body  # type: ignore[attr-defined]
    yield apply
    # Whatever a test changed: an update that changes nothing is refused.
    with contextlib.suppress(cloudformation.exceptions.ClientError):
        apply(body)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"BootstrapVariant": "AWS CDK: Default Resources"}, "not as 'tap: environment'"),
        ({"TrustedAccounts": "444444444444"}, "it trusts 444444444444, not the tools account"),
    ],
)
def test_a_bootstrap_of_another_kind_is_told_apart(
    looking: Looking, toolkit: Any, parameters: dict[str, str], text: str
) -> None:
    toolkit(toolkit.body, **parameters)
    status, said = looking.of("dev", "bootstrap")
    assert status is Status.WRONG
    assert text in said


def test_a_bootstrap_that_drifted_from_the_checkout_is_named_by_what_differs(
    looking: Looking, toolkit: Any
) -> None:
    template = yaml.safe_load(toolkit.body)
    policy_ = template["Resources"]["ExecutionPolicy2"]["Properties"]["PolicyDocument"]
    policy_["Statement"] = policy_["Statement"][:1]
    toolkit(template)
    status, said = looking.of("dev", "bootstrap")
    assert status is Status.WRONG
    assert "differs in ExecutionPolicy2" in said


def test_a_name_that_is_taken_is_told(looking: Looking) -> None:
    dynamodb = client(looking.people, "dev", "dynamodb")
    dynamodb.create_table(TableName="tap-dev-requests", **TABLE)
    status, said = looking.of("dev", "names")
    dynamodb.delete_table(TableName="tap-dev-requests")
    assert status is Status.WRONG
    assert "AWS::DynamoDB::GlobalTable tap-dev-requests is there already" in said


def test_every_kind_of_name_is_looked_at(looking: Looking) -> None:
    """One of each kind in the way; the functions' and roles' are those of a half-removed stack."""
    region, account = SETTINGS.region, SETTINGS.accounts["dev"]
    bucket = f"tap-dev-bucket-{account}-{region}"
    made: dict[str, tuple[str, str, dict[str, Any]]] = {
        bucket: (
            "s3",
            "create_bucket",
            {"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": region}},
        ),
        "tap-dev-smoke": (
            "iam",
            "create_role",
            {"RoleName": "tap-dev-smoke", "AssumeRolePolicyDocument": json.dumps({})},
        ),
        "/aws/apigateway/tap-dev-api": (
            "logs",
            "create_log_group",
            {"logGroupName": "/aws/apigateway/tap-dev-api"},
        ),
    }
    for service, operation, arguments in made.values():
        getattr(client(looking.people, "dev", service), operation)(**arguments)
    found = [each.text for title, each in look(looking.account("dev")) if title == "names"]
    client(looking.people, "dev", "s3").delete_bucket(Bucket=bucket)
    client(looking.people, "dev", "iam").delete_role(RoleName="tap-dev-smoke")
    client(looking.people, "dev", "logs").delete_log_group(
        logGroupName="/aws/apigateway/tap-dev-api"
    )
    for name in made:
        assert any(name in text for text in found), (name, found)


def test_a_failed_creation_is_sent_to_the_way_back(looking: Looking) -> None:
    cloudformation = client(looking.people, "dev", "cloudformation")
    dynamodb = client(looking.people, "dev", "dynamodb")
    dynamodb.create_table(TableName="somebodys", **TABLE)
    table = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE | {"TableName": "somebodys"}}
    cloudformation.create_stack(
        StackName="tap-dev", TemplateBody=json.dumps({"Resources": {"Table": table}})
    )
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="tap-dev", WaiterConfig={"Delay": 1}
        )
    said = looking.of("dev", "stack")
    dynamodb.delete_table(TableName="somebodys")
    cloudformation.delete_stack(StackName="tap-dev")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="tap-dev", WaiterConfig={"Delay": 1}
    )
    assert said == (Status.WRONG, "tap-dev is ROLLBACK_COMPLETE scripts/recover dev")


def test_an_account_with_little_concurrency_is_told_how_much_is_needed(looking: Looking) -> None:
    """The quota itself is AWS's: here, an account that has what new accounts have."""
    account = looking.account("dev")
    answer = {"AccountLimit": {"ConcurrentExecutions": 10}}

    class Small:
        def get_account_settings(self) -> dict[str, Any]:
            return answer

    small = replace(account, clients=lambda _: Small())
    (found,) = concurrency_suffices(small)
    assert found.status is Status.WRONG
    assert "10 concurrent executions, and 170 are needed (70 reserved)" in found.text


def test_somebody_elses_role_for_api_logs_is_noted(looking: Looking) -> None:
    apigateway = client(looking.people, "dev", "apigateway")
    role = "arn:aws:iam::222222222222:role/theirs"
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    apigateway.update_account(patchOperations=[patch])
    status, said = looking.of("dev", "API logs")
    apigateway.update_account(patchOperations=[patch | {"value": ""}])
    assert status is Status.NOTE
    assert role in said


def test_a_refusal_of_the_organisation_is_told() -> None:
    """In the form of IAM's answer ("SimulatePrincipalPolicy", IAM API reference)."""

    class Iam:
        def simulate_principal_policy(self, **_: Any) -> dict[str, Any]:
            refused = {"EvalActionName": "s3:CreateBucket", "EvalDecision": "explicitDeny"}
            organisation = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
            return {"EvaluationResults": [refused | organisation]}

    account = Account("dev", SETTINGS, lambda _: Iam(), REPOSITORY)
    (found,) = organisation_allows_it(account)
    assert found.status is Status.WRONG
    assert "denies s3:CreateBucket" in found.text


# -- what the checkout says


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=A Developer", "-c", "user.email=developer@example.com")
    subprocess.run(["git", "-C", str(folder), *author, *arguments], check=True, capture_output=True)


def test_what_is_not_pushed_is_not_delivered(looking: Looking, tmp_path: Path) -> None:
    clone, remote = tmp_path / "clone", tmp_path / "remote.git"
    clone.mkdir()
    account = replace(looking.account("dev"), checkout=clone)

    def said() -> tuple[Status, str]:
        named = next(each for each in CHECKS if each.title == "commit")
        (finding,) = named.findings(account)
        return finding.status, finding.text

    assert said()[0] is Status.NOTE
    git(clone, "init", "--quiet", "--initial-branch=main")
    (clone / "file").write_text("1")
    assert said() == (Status.WRONG, "1 changed files are in no commit")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "one")
    assert said() == (Status.WRONG, "main follows no branch of a remote")
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(clone, "remote", "add", "origin", str(remote))
    git(clone, "push", "--quiet", "-u", "origin", "main")
    assert said()[0] is Status.FINE
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "two")
    assert said() == (Status.WRONG, "1 commits are not pushed")
    git(clone, "switch", "--quiet", "--create", "other")
    assert said() == (Status.WRONG, "other is checked out, and the pipeline delivers main")


def test_a_checkout_without_an_assembly_cannot_be_judged(looking: Looking, tmp_path: Path) -> None:
    said = looking.said(replace(looking.account("dev"), checkout=tmp_path))
    assert said["reviewed files"] == (
        Status.WRONG,
        "nothing is synthesized, so nothing can be judged scripts/synth",
    )
    assert said["names"][0] is Status.UNSEEN


# -- permissions


def user_with(people: Directory, name: str, document: dict[str, object]) -> Credentials:
    iam = client(people, "tools", "iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def test_the_printed_policy_is_enough_and_every_action_of_it_reads(looking: Looking) -> None:
    auditor = user_with(looking.people, "auditor", policy())
    said = looking.said(looking.account("tools", auditor))
    assert Status.UNSEEN not in {status for status, _ in said.values()}, said
    reading = ("Get", "List", "Describe", "GET", "Simulate")
    actions = policy()["Statement"][0]["Action"]  # type: ignore[index]
    assert all(action.partition(":")[2].startswith(reading) for action in actions)


def test_whoever_may_not_look_is_told_what_to_allow(looking: Looking) -> None:
    one = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    may_identify = {"Version": "2012-10-17", "Statement": [one]}
    visitor = user_with(looking.people, "visitor", may_identify)
    said = looking.said(looking.account("tools", visitor))
    assert said["bootstrap"][0] is Status.UNSEEN
    assert "allow cloudformation:DescribeStacks" in said["bootstrap"][1]


# -- the command


def test_the_command_prints_a_table_or_json_and_exits_with_what_it_found(
    looking: Looking, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    become(monkeypatch, looking.server, looking.people, "prod")
    assert main(["prod"]) == 1
    table = capsys.readouterr().out
    assert "  wrong          bootstrap       not bootstrapped" in table
    assert "-> scripts/bootstrap prod" in table
    assert main(["prod", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["account"] == SETTINGS.accounts["prod"]
    assert {each["status"] for each in document["findings"]} <= set(Status)
    assert main(["staging"]) == 2


def test_what_is_wrong_outweighs_what_was_not_seen() -> None:
    assert max((0, 3, 1, 3), key=_severity) == 1


def test_a_check_that_aws_does_not_answer_has_not_seen() -> None:
    def refuse(_: Account) -> Iterator[Any]:
        raise ClientError({"Error": {"Code": "Throttling", "Message": ""}}, "DescribeStacks")
        yield

    account = Account("dev", Settings.of_checkout(REPOSITORY), lambda _: None, REPOSITORY)
    (found,) = Named("a check", ("a:Read",), refuse).findings(account)
    assert (found.status, found.text) == (Status.UNSEEN, "DescribeStacks: AWS says Throttling")
