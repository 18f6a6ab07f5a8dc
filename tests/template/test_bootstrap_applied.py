"""The CLI and CloudFormation take the bootstrap templates, and say so when they do not.

Proves, with the pinned CLI against the embedded AWS: one template gives each environment its own
names; an account it does not know is refused; where the CLI leaves a foreign bootstrap in place,
`scripts/bootstrap` fails and says what to do, and what it says works; what the page says for a
deleted bootstrap works.

Does not prove what the policies allow on AWS: the embedded AWS does not use CloudFormation's role.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from accounts.bootstrap.account import ENVIRONMENT, TOOLS
from accounts.bootstrap.options import template_path
from embedded_aws.clients import Credentials, Session
from embedded_aws.server import Server
from tests.support import aws
from tests.support.bootstrap import ENVIRONMENTS, SETTINGS
from tests.support.synthesis import REPOSITORY


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("emulator"), region=SETTINGS.region, services=[]) as server:
        yield server


def run(
    emulator: Server, account: str, *command: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    quiet = {"CI": "true", "CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | emulator.environment(Credentials.root(account)) | quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout
    return done


def client(emulator: Server, account: str, service: str) -> Any:
    return emulator.session(Credentials.root(account)).client(service)


def policies(emulator: Server, account: str) -> str:
    """CloudFormation's policies in an account, as text."""
    iam = client(emulator, account, "iam")
    documents = []
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        if policy["PolicyName"].startswith("tap-cloudformation-"):
            version = policy["DefaultVersionId"]
            made = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=version)
            documents.append(made["PolicyVersion"]["Document"])
    return json.dumps(documents)


def variant(emulator: Server, account: str) -> str:
    stacks = client(emulator, account, "cloudformation").describe_stacks(StackName="CDKToolkit")
    given = stacks["Stacks"][0]["Parameters"]
    values = {each["ParameterKey"]: each["ParameterValue"] for each in given}
    return str(values["BootstrapVariant"])


def test_one_template_gives_each_environment_its_own_names(emulator: Server) -> None:
    for name in ENVIRONMENTS:
        account = SETTINGS.accounts[name]
        run(emulator, account, "scripts/bootstrap", name)
        text = policies(emulator, account)
        assert f"table/tap-{name}-*" in text
        assert "${" not in text
        for other in set(ENVIRONMENTS) - {name}:
            assert f"tap-{other}-" not in text
        assert variant(emulator, account) == "tap: environment"


def test_the_role_that_looks_makes_change_sets_of_its_own_names_and_executes_none(
    emulator: Server,
) -> None:
    name = SETTINGS.guarded.name
    account, stack = SETTINGS.guarded.account, f"tap-{name}"
    run(emulator, account, "scripts/bootstrap", name)
    role = f"arn:aws:iam::{account}:role/cdk-hnb659fds-preview-role-{account}-{SETTINGS.region}"
    look = emulator.session(aws.assume(build(emulator, "tap-pipeline-preview"), role))
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.assume(build(emulator, "tap-pipeline-synth"), role)

    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    administrator = client(emulator, account, "cloudformation")
    administrator.create_stack(StackName=stack, TemplateBody=body)
    administrator.get_waiter("stack_create_complete").wait(StackName=stack)
    api, s3 = look.client("cloudformation"), look.client("s3")
    new = {"StackName": stack, "TemplateBody": body.replace('"Q"', '"Other"')}
    made = api.create_change_set(**new, ChangeSetName="promotion-1")["Id"]
    assert api.describe_change_set(ChangeSetName=made)["StackName"] == stack
    for refused in (
        lambda: api.create_change_set(**new, ChangeSetName="PipelineChange"),
        lambda: api.delete_change_set(StackName=stack, ChangeSetName="PipelineChange"),
        lambda: api.execute_change_set(StackName=stack, ChangeSetName="promotion-1"),
        lambda: api.update_stack(**new),
        lambda: api.delete_stack(StackName=stack),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    api.delete_change_set(StackName=stack, ChangeSetName="promotion-1")
    bucket = f"cdk-hnb659fds-assets-{account}-{SETTINGS.region}"
    s3.put_object(Bucket=bucket, Key="promotion/long.json", Body=b"{}")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="an-asset.zip", Body=b"{}")


def build(emulator: Server, name: str) -> Session:
    """A session of a build's role in tools, which may ask for any role."""
    tools = SETTINGS.tools_account
    root = emulator.session(Credentials.root(tools))
    aws.assumable_role(root, tools, name, aws.allow("sts:AssumeRole", "*"))
    someone = emulator.session(aws.user(root, f"as-{name}", aws.allow("sts:AssumeRole", "*")))
    return emulator.session(aws.assume(someone, f"arn:aws:iam::{tools}:role/{name}"))


def test_an_account_that_the_settings_do_not_name_is_refused(emulator: Server) -> None:
    cloudformation = client(emulator, "999999999999", "cloudformation")
    policies = {"ParameterKey": "CloudFormationExecutionPolicies", "ParameterValue": "arn:aws:any"}
    cloudformation.create_stack(
        StackName="CDKToolkit",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        TemplateBody=template_path(ENVIRONMENT).read_text(),
        Parameters=[policies],
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    with pytest.raises(WaiterError):
        waiter.wait(StackName="CDKToolkit", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    events = cloudformation.describe_stack_events(StackName="CDKToolkit")["StackEvents"]
    reasons = str([event.get("ResourceStatusReason") for event in events])
    assert "Unable to get mapping for Environments::999999999999" in reasons


def test_a_foreign_bootstrap_is_not_left_in_place_in_silence(emulator: Server) -> None:
    tools = SETTINGS.tools_account
    where = f"aws://{tools}/{SETTINGS.region}"
    default = f". scripts/node-path; node_modules/.bin/cdk --app '' bootstrap {where}"
    run(emulator, tools, "bash", "-c", default)
    refused = run(emulator, tools, "scripts/bootstrap", TOOLS, check=False)
    assert refused.returncode == 1
    assert "scripts/bootstrap tools --force" in refused.stdout
    assert variant(emulator, tools) != "tap: tools"

    run(emulator, tools, "scripts/bootstrap", TOOLS, "--force")
    assert variant(emulator, tools) == "tap: tools"
    role = f"cdk-hnb659fds-cfn-exec-role-{tools}-{SETTINGS.region}"
    attached = client(emulator, tools, "iam").list_attached_role_policies(RoleName=role)
    names = {each["PolicyName"] for each in attached["AttachedPolicies"]}
    assert names == {"tap-cloudformation-1", "tap-cloudformation-2"}
    # Once replaced, it is applied anew as any other.
    run(emulator, tools, "scripts/bootstrap", TOOLS)


def test_a_deleted_bootstrap_is_made_anew_as_the_page_says(emulator: Server) -> None:
    name = ENVIRONMENTS[0]
    account = SETTINGS.accounts[name]
    run(emulator, account, "scripts/bootstrap", name)
    bucket = f"cdk-hnb659fds-assets-{account}-{SETTINGS.region}"
    s3 = client(emulator, account, "s3")
    s3.put_object(Bucket=bucket, Key="asset.zip", Body=b"old")
    s3.delete_object(Bucket=bucket, Key="asset.zip")
    cloudformation = client(emulator, account, "cloudformation")
    cloudformation.update_termination_protection(
        StackName="CDKToolkit", EnableTerminationProtection=False
    )
    cloudformation.delete_stack(StackName="CDKToolkit")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="CDKToolkit")
    assert run(emulator, account, "scripts/bootstrap", name, check=False).returncode == 1

    # The AWS CLI of the checkout; the page's reader has one on the PATH.
    run(emulator, account, "bash", "-euc", f'aws() {{ .venv/bin/aws "$@"; }}\n{way_back(account)}')
    run(emulator, account, "scripts/bootstrap", name)


def way_back(account: str) -> str:
    """The commands of `docs/take-it-to-aws.md`, for one account."""
    blocks = (REPOSITORY / "docs/take-it-to-aws.md").read_text().split("```")[1::2]
    (commands,) = (block for block in blocks if "delete-bucket" in block)
    return commands.replace("=REGION", f"={SETTINGS.region}").replace("ACCOUNT", account)
