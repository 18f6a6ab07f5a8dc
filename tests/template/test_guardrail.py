"""Prod's guardrail lets our application through and stops what a hostile commit would deploy.

Proves, with the engine that the hook runs (the cfn-guard binary): the rules pass on prod's
synthesized templates, and each rule fails on a template that breaks it alone. Proves of the stack
that cfn-lint has nothing against it, that the hook fails operations, covers whatever the pipeline's
role deploys, evaluates one pinned version of the rules, and that neither the pipeline's roles nor
CloudFormation on their behalf may change rules or hook.

Does not prove that CloudFormation calls the hook: the emulator has none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from accounts.guardrail.rule_file import rules
from accounts.guardrail.stack import STACK, GuardrailStack
from accounts.guardrail.target import Target
from assembly import templates
from assembly.text import listed
from settings import Settings
from tests.support.apps import scratch_app
from tests.support.bootstrap import SETTINGS, applied, execution
from tests.support.cfn_guard import Template, excerpt, failing
from tests.support.synthesis import REPOSITORY, Assembly, copy_checkout

GUARDED = SETTINGS.guarded.name
PROD = SETTINGS.guarded.account
TOOLS = SETTINGS.tools_account
TARGET = Target.of(SETTINGS)


@pytest.fixture(scope="module")
def written() -> Path:
    """The rules as `scripts/guardrail` writes them."""
    command = [str(REPOSITORY / "scripts/guardrail"), "rules"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return REPOSITORY / done.stdout.strip()


def prod_templates(assembly: Assembly) -> list[Template]:
    deployed = templates.Assembly.read(assembly.directory).in_account(PROD)
    return [deepcopy(template.body) for template in deployed]


def application(assembly: Assembly) -> Template:
    """Prod's stack, to be changed at will."""
    stack = templates.Assembly.read(assembly.directory).stack(f"tap-{GUARDED}")
    return deepcopy(stack.body)


def first(template: Template, kind: str) -> Template:
    return next(each for each in template["Resources"].values() if each["Type"] == kind)


def properties(template: Template, kind: str) -> Template:
    found: Template = first(template, kind)["Properties"]
    return found


def adds(kind: str, **values: Any) -> Callable[[Template], None]:
    def change(template: Template) -> None:
        template["Resources"]["Added"] = {"Type": kind, "Properties": values}

    return change


def sheds_the_boundary(template: Template) -> None:
    del properties(template, "AWS::IAM::Role")["PermissionsBoundary"]


def trusts(principal: Any) -> Callable[[Template], None]:
    def change(template: Template) -> None:
        document = properties(template, "AWS::IAM::Role")["AssumeRolePolicyDocument"]
        document["Statement"][0]["Principal"] = principal

    return change


def grants(action: Any, *, in_role: bool = False) -> Callable[[Template], None]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}

    def change(template: Template) -> None:
        if in_role:
            policy = {"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}
            properties(template, "AWS::IAM::Role")["Policies"] = [policy]
        else:
            policy = properties(template, "AWS::IAM::Policy")
            policy["PolicyDocument"]["Statement"].append(statement)

    return change


def grants_all_but_one(template: Template) -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:CreateUser", "Resource": "*"}
    policy = properties(template, "AWS::IAM::Policy")
    policy["PolicyDocument"]["Statement"].append(statement)


def opens_a_bucket(template: Template) -> None:
    block = properties(template, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]
    block["BlockPublicPolicy"] = False


def forgets_to_close_a_bucket(template: Template) -> None:
    del properties(template, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]


def lets_read_a_bucket(principal: Any) -> Callable[[Template], None]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}

    def change(template: Template) -> None:
        policy = properties(template, "AWS::S3::BucketPolicy")
        policy["PolicyDocument"]["Statement"].append({**statement, "Principal": principal})

    return change


def deletes(kind: str) -> Callable[[Template], None]:
    def change(template: Template) -> None:
        first(template, kind)["DeletionPolicy"] = "Delete"

    return change


def unprotects_a_table(template: Template) -> None:
    properties(template, "AWS::DynamoDB::GlobalTable")["Replicas"][0].pop(
        "DeletionProtectionEnabled"
    )


def stops_recovery(template: Template) -> None:
    replica = properties(template, "AWS::DynamoDB::GlobalTable")["Replicas"][0]
    replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] = False


def opens_the_api(template: Template) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ApiGateway::Method":
            resource["Properties"]["AuthorizationType"] = "NONE"


def logs_bodies(template: Template) -> None:
    stage = properties(template, "AWS::ApiGateway::Stage")
    stage["MethodSettings"] = [{"HttpMethod": "*", "ResourcePath": "/*", "DataTraceEnabled": True}]


def keeps_logs_forever(template: Template) -> None:
    del properties(template, "AWS::Logs::LogGroup")["RetentionInDays"]


def is_called_by(principal: Any, **source: Any) -> Callable[[Template], None]:
    def change(template: Template) -> None:
        properties(template, "AWS::Lambda::Permission").update(Principal=principal, **source)

    return change


def trusts_under_a_condition(template: Template) -> None:
    document = properties(template, "AWS::IAM::Role")["AssumeRolePolicyDocument"]
    everyone = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    document["Statement"].append({"Fn::If": ["Always", everyone, {"Ref": "AWS::NoValue"}]})


def transforms(template: Template) -> None:
    template["Transform"] = "AWS::LanguageExtensions"


def lets_send(principal: Any) -> Callable[[Template], None]:
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Principal": principal}

    def change(template: Template) -> None:
        policy = properties(template, "AWS::SNS::TopicPolicy")
        policy["PolicyDocument"]["Statement"].append(statement)

    return change


def lets_use_the_key(principal: Any) -> Callable[[Template], None]:
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Principal": principal}

    def change(template: Template) -> None:
        properties(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"].append(statement)

    return change


def has(kind: str, **values: Any) -> Callable[[Template], None]:
    return lambda template: properties(template, kind).update(values)


def opens_a_table(template: Template) -> None:
    replica = properties(template, "AWS::DynamoDB::GlobalTable")["Replicas"][0]
    replica["ResourcePolicy"] = {"PolicyDocument": {"Statement": []}}


FOREIGN = "999999999999"
FOREIGN_ROOT = f"arn:aws:iam::{FOREIGN}:root"
SMOKE = f"arn:aws:iam::{TOOLS}:role/tap-pipeline-smoke-{GUARDED}"
RULE = f"arn:aws:events:us-west-2:{FOREIGN}:rule/theirs"
ROOT = f"arn:aws:iam::{PROD}:root"
JOINED_ROOT = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::{PROD}:root"]]}

HOSTILE: list[tuple[str, Callable[[Template], None]]] = [
    ("NO_IDENTITIES", adds("AWS::IAM::User")),
    ("NO_IDENTITIES", adds("AWS::IAM::AccessKey", UserName="someone")),
    ("NO_IDENTITIES", adds("AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": []})),
    ("NO_IDENTITIES", adds("AWS::IAM::OIDCProvider", Url="https://example.com")),
    ("NO_PUBLIC_FUNCTION_URLS", adds("AWS::Lambda::Url", AuthType="AWS_IAM")),
    ("NO_TRANSFORMS", transforms),
    ("ROLES_KEEP_THE_BOUNDARY", sheds_the_boundary),
    ("ROLES_TRUST_NO_ACCOUNT", trusts("*")),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": "*"})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": TOOLS})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": ROOT})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": [f"arn:aws:iam::{TOOLS}:role/x", ROOT]})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": JOINED_ROOT})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": {"Ref": "AWS::AccountId"}})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": {"Fn::Sub": FOREIGN_ROOT}})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": [SMOKE, JOINED_ROOT]})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"Federated": "accounts.google.com"})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": SMOKE, "Federated": "accounts.google.com"})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": f"arn:aws:iam::{FOREIGN}:user/someone"})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"AWS": SMOKE.replace(TOOLS, FOREIGN)})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"Service": "ec2.amazonaws.com"})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts({"Fn::If": ["Always", {"AWS": "*"}, {"AWS": SMOKE}]})),
    ("ROLES_TRUST_NO_ACCOUNT", trusts_under_a_condition),
    ("GRANTS_NAME_ACTIONS", grants("*")),
    ("GRANTS_NAME_ACTIONS", grants("s3:?*")),
    ("GRANTS_NAME_ACTIONS", grants(["s3:*Object"])),
    ("GRANTS_NAME_ACTIONS", grants({"Fn::Join": ["", ["s3:", "*"]]})),
    ("GRANTS_NAME_ACTIONS", grants([{"Fn::Join": ["", ["s3:", "*"]]}], in_role=True)),
    ("GRANTS_NAME_ACTIONS", grants(["dynamodb:GetItem", "s3:*"])),
    ("GRANTS_NAME_ACTIONS", grants("iam:*", in_role=True)),
    ("GRANTS_NAME_ACTIONS", grants_all_but_one),
    ("BUCKETS_ARE_PRIVATE", opens_a_bucket),
    ("BUCKETS_ARE_PRIVATE", forgets_to_close_a_bucket),
    ("BUCKET_POLICIES_ONLY_DENY", lets_read_a_bucket("*")),
    ("BUCKET_POLICIES_ONLY_DENY", lets_read_a_bucket({"AWS": FOREIGN_ROOT})),
    ("DATA_SURVIVES_ITS_STACK", deletes("AWS::S3::Bucket")),
    ("DATA_SURVIVES_ITS_STACK", deletes("AWS::DynamoDB::GlobalTable")),
    ("TABLES_ARE_PROTECTED", unprotects_a_table),
    ("TABLES_ARE_PROTECTED", stops_recovery),
    ("METHODS_ARE_SIGNED", opens_the_api),
    ("BODIES_ARE_NOT_LOGGED", logs_bodies),
    ("FUNCTIONS_ARE_CALLED_FROM_HERE", is_called_by("*")),
    ("FUNCTIONS_ARE_CALLED_FROM_HERE", is_called_by(FOREIGN)),
    ("FUNCTIONS_ARE_CALLED_FROM_HERE", is_called_by({"Fn::Sub": FOREIGN})),
    ("FUNCTIONS_ARE_CALLED_FROM_HERE", is_called_by("events.amazonaws.com", SourceArn=RULE)),
    ("tap_logs_have_an_end", keeps_logs_forever),
    ("TYPES_ARE_KNOWN", adds("AWS::EC2::Instance")),
    ("TYPES_ARE_KNOWN", adds("AWS::Logs::SubscriptionFilter", DestinationArn=RULE)),
    ("TYPES_ARE_KNOWN", adds("Custom::Anything", ServiceToken=RULE)),
    ("QUEUES_AND_TOPICS_SERVE_SERVICES", lets_send("*")),
    ("QUEUES_AND_TOPICS_SERVE_SERVICES", lets_send({"AWS": FOREIGN_ROOT})),
    ("QUEUES_AND_TOPICS_SERVE_SERVICES", lets_send({"Service": "s3.amazonaws.com"})),
    ("QUEUES_AND_TOPICS_SERVE_SERVICES", lets_send({"Service": "events.amazonaws.com"})),
    ("KEYS_SERVE_THIS_ACCOUNT", lets_use_the_key("*")),
    ("KEYS_SERVE_THIS_ACCOUNT", lets_use_the_key({"AWS": FOREIGN_ROOT})),
    ("KEYS_SERVE_THIS_ACCOUNT", lets_use_the_key({"Service": "cloudwatch.amazonaws.com"})),
    ("CODE_IS_WHAT_WAS_PUBLISHED", has("AWS::Lambda::Function", Layers=[f"{RULE}:1"])),
    ("CODE_IS_WHAT_WAS_PUBLISHED", has("AWS::Lambda::Function", Code={"S3Bucket": "theirs"})),
    ("CODE_IS_WHAT_WAS_PUBLISHED", has("AWS::Lambda::Function", Code={"ZipFile": "x"})),
    ("APIS_AND_TABLES_HAVE_NO_POLICIES", has("AWS::ApiGateway::RestApi", Policy={})),
    ("APIS_AND_TABLES_HAVE_NO_POLICIES", opens_a_table),
    ("ALARMS_ARE_TOLD_TO_PEOPLE", adds("AWS::SNS::Subscription", Protocol="https")),
]


def test_what_we_deploy_to_prod_passes(assembly: Assembly, written: Path, tmp_path: Path) -> None:
    deployed = prod_templates(assembly)
    assert deployed
    assert failing(written, deployed, tmp_path) == [set()] * len(deployed)


def test_what_hostile_commits_would_deploy_is_stopped(
    assembly: Assembly, written: Path, tmp_path: Path
) -> None:
    small = excerpt(application(assembly), "AWS::ApiGateway::Method")
    hostile = [deepcopy(small) for _ in HOSTILE]
    for (_, change), template in zip(HOSTILE, hostile, strict=True):
        change(template)
    unedited, *stopped = failing(written, [small, *hostile], tmp_path)
    assert unedited == set()
    survivors = [
        (number, rule) for number, (rule, _) in enumerate(HOSTILE) if rule not in stopped[number]
    ]
    assert survivors == []


def test_every_rule_for_prod_has_a_template_that_breaks_it() -> None:
    lines = TARGET.rules.read_text().splitlines()
    names = {line.split()[1] for line in lines if line.startswith("rule ")}
    assert names <= {rule for rule, _ in HOSTILE}


def test_the_rules_are_for_the_environment_behind_the_approval_whatever_its_name() -> None:
    values = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["tap"]
    values["environments"].append({"name": "live", "account": "044444444444"})
    settings = Settings.parse(values)
    text = rules(REPOSITORY, settings, Target.of(settings))
    assert f"{TOOLS}:role/tap-pipeline-smoke-live'" in text
    assert ":044444444444:$/" in text
    assert PROD not in text
    assert "GUARDED_" not in text


DEPLOYING = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in *describe-stacks*) echo a-bucket ;; *put-object*) echo a-version ;; esac
"""


def test_deploying_asks_the_region_of_the_settings_and_ends_with_the_version(
    tmp_path: Path,
) -> None:
    # In place of AWS: programs of the same names that write down how they are called.
    checkout = copy_checkout(tmp_path / "checkout", more=("accounts", "assembly", "gates/tools"))
    for folder, name in ((".venv", "aws"), ("node_modules", "cdk")):
        (checkout / folder).unlink()
        program = checkout / folder / ("bin" if folder == ".venv" else ".bin") / name
        program.parent.mkdir(parents=True)
        program.write_text(DEPLOYING)
        program.chmod(0o755)
    (checkout / ".venv/bin/python").symlink_to(sys.executable)
    calls = tmp_path / "calls"
    unset = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    command = [str(checkout / "scripts/guardrail"), "deploy"]
    subprocess.run(command, env=unset | {"CALLS": str(calls)}, check=True, capture_output=True)
    made, asked, uploaded, deployed = calls.read_text().splitlines()
    assert made.startswith("cdk ")
    assert "RulesVersion" not in made
    for call in (asked, uploaded):
        assert f"--region {SETTINGS.region}" in call
    assert "--bucket a-bucket" in uploaded
    assert "--parameters RulesVersion=a-version" in deployed


@pytest.fixture(scope="module")
def stack() -> Template:
    app = scratch_app()
    GuardrailStack(
        app, STACK, target=TARGET, env=cdk.Environment(account=PROD, region=SETTINGS.region)
    )
    template: Template = app.synth().get_stack_by_name(STACK).template
    return template


def test_the_stack_is_a_valid_template(stack: Template, tmp_path: Path) -> None:
    file = tmp_path / "guardrail.template.json"
    file.write_text(json.dumps(stack))
    program = Path(sys.executable).with_name("cfn-lint")
    command = [str(program), "--append-rules", "cfn_lint_serverless.rules", "--template", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hook_fails_what_breaks_a_rule_whatever_the_stack_is_called(stack: Template) -> None:
    hook = properties(stack, "AWS::CloudFormation::GuardHook")
    assert (hook["FailureMode"], hook["HookStatus"]) == ("FAIL", "ENABLED")
    assert set(hook["TargetOperations"]) == {"STACK", "CHANGE_SET"}
    role = f"arn:aws:iam::{PROD}:role/cdk-hnb659fds-cfn-exec-role-{PROD}-{SETTINGS.region}"
    assert hook["StackFilters"] == {
        "FilteringCriteria": "ALL",
        "StackRoles": {"Include": [role]},
    }


def test_the_hook_evaluates_one_version_that_its_owner_chose(stack: Template) -> None:
    hook = first(stack, "AWS::CloudFormation::GuardHook")
    assert hook["Properties"]["RuleLocation"]["VersionId"] == {"Ref": "RulesVersion"}
    assert hook["Condition"] == "HasRules"
    assert first(stack, "AWS::S3::Bucket")["Properties"]["VersioningConfiguration"] == {
        "Status": "Enabled"
    }


def test_the_pipelines_roles_may_not_write_rules_or_reports(stack: Template) -> None:
    policies = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in stack["Resources"].values()
        if each["Type"] == "AWS::S3::BucketPolicy"
    ]
    assert len(policies) == 2
    for statements in policies:
        (denial,) = (each for each in statements if each.get("Sid") == "NotByThePipeline")
        assert denial["Effect"] == "Deny"
        assert set(denial["Action"]) >= {"s3:Put*", "s3:Delete*"}
        assert denial["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
            f"arn:aws:iam::{PROD}:role/cdk-hnb659fds-*",
            f"arn:aws:iam::{PROD}:role/tap-*",
        ]


def test_the_stack_outlives_a_mistake(assembly: Assembly) -> None:
    app = scratch_app()
    made = GuardrailStack(
        app, STACK, target=TARGET, env=cdk.Environment(account=PROD, region=SETTINGS.region)
    )
    assert made.termination_protection
    assert not made.stack_name.startswith("tap-")
    # Nothing of it is in what the pipeline deploys.
    text = (assembly.directory / "manifest.json").read_text()
    assert STACK not in text


def test_the_bootstrap_lets_cloudformation_touch_neither_hook_nor_guardrail() -> None:
    statements = execution(applied(GUARDED))
    assert statements
    for statement in statements:
        for action in statement["Action"]:
            assert not action.startswith(("cloudformation:Deactivate", "cloudformation:SetType"))
        for target in listed(statement["Resource"]):
            assert STACK.lower() not in target.lower()


def test_the_hooks_role_reads_rules_and_writes_reports_only(stack: Template) -> None:
    statements = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    granted = {action for each in statements for action in listed(each["Action"])}
    assert granted == {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"}
    role = properties(stack, "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "hooks.cloudformation.amazonaws.com"}
