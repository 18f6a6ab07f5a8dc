"""CloudFormation and the roles it makes may do what the stacks need, and nothing else.

Proves, against a synthesis of the working tree, for each account: CloudFormation's policy grants
every action that the resource types' handlers state, and the few they forget, and no other; taking
away any one is noticed; no read of settings is withheld; no role can be made without the boundary;
the boundary leaves room for the keys that services use in a role's name.

Does not prove that AWS's handlers call only what their schemas state: the first deployment with new
resource types may still be refused, which is the safe way round.
"""

from __future__ import annotations

from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any

import pytest

from accounts.bootstrap import iam_actions
from accounts.bootstrap.account import TOOLS, Account, read
from accounts.bootstrap.boundary import granted
from accounts.bootstrap.corrections import UNSTATED, WITHHELD
from accounts.bootstrap.iam_actions import UnknownNeedsError, needed_actions
from accounts.bootstrap.scope import UnknownServiceError, patterns
from accounts.bootstrap.statements import POLICY_LIMIT, documents, size
from accounts.bootstrap.unneeded import UNNEEDED
from assembly.templates import Template
from assembly.text import listed, plain
from tests.support.bootstrap import (
    ENVIRONMENTS,
    NAMES,
    SETTINGS,
    actions,
    allows,
    applied,
    boundary,
    execution,
)
from tests.support.synthesis import Assembly


@pytest.fixture(scope="session")
def accounts(assembly: Assembly) -> dict[str, Account]:
    bootstraps = read(assembly.directory, SETTINGS).values()
    return {account.name: account for each in bootstraps for account in each.accounts}


def account_of(**resources: Any) -> Account:
    return Account("dev", "222222222222", (Template("t", {"Resources": resources}),))


@pytest.mark.parametrize("name", NAMES)
def test_cloudformation_may_do_all_that_the_stacks_need_and_nothing_else(
    accounts: dict[str, Account], name: str
) -> None:
    assert actions(execution(applied(name))) == set(needed_actions(accounts[name]))


@pytest.mark.parametrize("name", NAMES)
def test_taking_any_action_away_is_noticed(accounts: dict[str, Account], name: str) -> None:
    needed, statements = set(needed_actions(accounts[name])), execution(applied(name))
    for index, statement in enumerate(statements):
        for action in statement["Action"]:
            without = deepcopy(statements)
            without[index]["Action"].remove(action)
            # Keys of ours and keys that a service uses are used by the same actions.
            still = action in actions(without)
            assert still or needed - actions(without) == {action}


@pytest.mark.parametrize("name", NAMES)
def test_no_read_of_settings_is_withheld(accounts: dict[str, Account], name: str) -> None:
    # Handlers read what no template sets, and a policy that forbids it fails the deployment.
    stated = {
        action
        for resource in accounts[name].resources()
        for action in iam_actions.handler_permissions(resource.type) or ()
        if iam_actions.reads_settings(action)
    }
    assert len(stated) > 20
    statements = execution(applied(name))
    for action in stated:
        assert allows(statements, action, "arn:aws:any:us-west-2:222222222222:of-any-name"), action


def test_reads_of_what_is_stored_stay_within_our_names() -> None:
    for action in ("s3:GetObject", "s3:ListBucket", "dynamodb:GetItem", "lambda:GetFunction"):
        assert not iam_actions.reads_settings(action)
        for name in NAMES:
            assert not allows(execution(applied(name)), action, "arn:aws:s3:::theirs")


@pytest.mark.parametrize("name", NAMES)
def test_every_granted_action_exists_and_is_not_all_of_a_service(name: str) -> None:
    for action in actions(execution(applied(name))):
        assert iam_actions.exists(action)
        assert not action.endswith(":*")


@pytest.mark.parametrize("name", NAMES)
def test_only_reads_and_what_names_no_resource_are_granted_on_everything(name: str) -> None:
    for statement in execution(applied(name)):
        if statement["Resource"] == "*":
            for action in statement["Action"]:
                assert iam_actions.reads_settings(action) or not iam_actions.has_resources(action)


NAMED = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodeBuild::ReportGroup": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::Events::Rule": "Name",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_in_the_templates_lie_within_what_is_granted(
    accounts: dict[str, Account], name: str
) -> None:
    prefix = "tap-pipeline" if name == TOOLS else f"tap-{name}"
    for template in accounts[name].templates:
        assert template.name.startswith(prefix)
    for resource in accounts[name].resources(*NAMED):
        physical = str(plain(resource.properties.get(NAMED[resource.type], prefix)))
        if physical.startswith("API-Gateway-Execution-Logs_"):
            continue
        assert physical.rpartition("/")[2].startswith(prefix), resource.logical_id
        if resource.type == "AWS::Logs::LogGroup" and "/" in physical:
            assert fnmatchcase(physical, f"/aws/*/{prefix}-*")


def test_what_is_unneeded_has_a_reason_and_ends_with_the_property_that_it_waits_for() -> None:
    for unneeded in UNNEEDED:
        assert len(unneeded.reason) > 3
        assert unneeded.properties
        stated = iam_actions.handler_permissions(unneeded.type) or frozenset()
        for pattern in unneeded.actions:
            covered = [action for action in stated if fnmatchcase(action, pattern)]
            assert covered, f"{unneeded.type} states no {pattern}"
            action = covered[0]
            assert unneeded.covers(unneeded.type, action, {})
            for name in unneeded.properties:
                property_, _, index = name.partition(".")
                value: Any = [1] * (int(index) + 1) if index else True
                assert not unneeded.covers(unneeded.type, action, {"Deep": [{property_: value}]})


def test_a_new_property_brings_its_permission_back() -> None:
    def needs(**properties: Any) -> set[str]:
        bucket = {"Type": "AWS::S3::Bucket", "Properties": properties}
        return set(needed_actions(account_of(R=bucket)))

    assert needs(CorsConfiguration={"CorsRules": []}) - needs() == {"s3:PutBucketCORS"}


def test_a_type_that_states_nothing_is_refused() -> None:
    with pytest.raises(UnknownNeedsError, match="AWS::Unheard::Of"):
        needed_actions(account_of(R={"Type": "AWS::Unheard::Of"}))


def test_a_service_without_a_pattern_is_refused() -> None:
    with pytest.raises(UnknownServiceError, match="kendra"):
        patterns("kendra", "tap-dev")


@pytest.mark.parametrize("prefix", ["codeconnections", "codestar-connections"])
def test_a_connection_may_be_passed_to_the_pipeline_by_the_prefix_of_its_arn(prefix: str) -> None:
    tools = SETTINGS.tools_account
    arn = f"arn:aws:{prefix}:{SETTINGS.region}:{tools}:connection/11111111-2222"
    statements = execution(applied(TOOLS))
    assert allows(statements, f"{prefix}:PassConnection", arn)
    assert not allows(statements, f"{prefix}:PassConnection", arn.replace(tools, "9" * 12))


def test_the_connection_that_the_pipeline_names_may_be_passed_to_it(
    accounts: dict[str, Account],
) -> None:
    (pipeline,) = accounts[TOOLS].resources("AWS::CodePipeline::Pipeline")
    arns = [
        action["Configuration"]["ConnectionArn"]
        for stage in pipeline.properties["Stages"]
        for action in stage["Actions"]
        if "ConnectionArn" in action["Configuration"]
    ]
    for arn in arns:
        service = arn.split(":")[2]
        assert allows(execution(applied(TOOLS)), f"{service}:PassConnection", arn)


def test_what_types_forget_to_state_is_known_to_iam_and_really_not_stated() -> None:
    for resource_type, forgotten in UNSTATED.items():
        stated = iam_actions.handler_permissions(resource_type) or frozenset()
        assert not stated.intersection(forgotten)
        assert all(iam_actions.exists(action) for action in forgotten)
    assert WITHHELD


@pytest.mark.parametrize("name", NAMES)
def test_only_the_service_linked_roles_of_the_stacks_services_can_be_made(
    accounts: dict[str, Account], name: str
) -> None:
    role = f"arn:aws:iam::{SETTINGS.accounts[name]}:role/aws-service-role/x/AWSServiceRoleForX"
    has_api = any(accounts[name].resources("AWS::ApiGateway::RestApi"))
    for service, wanted in (
        ("ops.apigateway.amazonaws.com", has_api),
        ("ec2.amazonaws.com", False),
    ):
        made = allows(
            execution(applied(name)),
            "iam:CreateServiceLinkedRole",
            role,
            iam_AWSServiceName=service,
        )
        assert made == wanted


@pytest.mark.parametrize("name", NAMES)
def test_no_role_is_made_or_changed_without_the_boundary(name: str) -> None:
    arn = f"arn:aws:iam::{SETTINGS.accounts[name]}:policy/tap-permissions-boundary"
    for statement in execution(applied(name)):
        growing = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"}
        if growing & set(statement["Action"]):
            assert statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"] == arn
        assert "iam:DeleteRolePermissionsBoundary" not in statement["Action"]
        assert not [each for each in statement["Action"] if each.startswith("iam:CreatePolicy")]


@pytest.mark.parametrize("name", NAMES)
def test_every_role_of_the_stacks_carries_the_boundary(
    accounts: dict[str, Account], name: str
) -> None:
    roles = list(accounts[name].resources("AWS::IAM::Role"))
    assert roles
    for role in roles:
        assert "PermissionsBoundary" in role.properties, role.logical_id
        boundary_arn = str(plain(role.properties["PermissionsBoundary"]))
        assert boundary_arn.endswith(":policy/tap-permissions-boundary")


@pytest.mark.parametrize("name", NAMES)
def test_the_boundary_allows_the_services_that_roles_use_and_no_others(
    accounts: dict[str, Account], name: str
) -> None:
    allowed = actions(boundary(applied(name)))
    services = {action.partition(":")[0] for action in allowed}
    assert services - {"kms"} == set(granted(accounts[name])) - {"kms"}
    for service in ("iam", "sts"):
        assert f"{service}:*" not in allowed


@pytest.mark.parametrize("name", NAMES)
def test_the_boundary_lets_a_role_use_the_keys_of_its_tables(
    accounts: dict[str, Account], name: str
) -> None:
    account = SETTINGS.accounts[name]
    key = f"arn:aws:kms:{SETTINGS.region}:{account}:key/1"
    for table in accounts[name].resources("AWS::DynamoDB::GlobalTable"):
        encryption = table.properties["SSESpecification"]
        assert encryption["SSEEnabled"], "an AWS owned key, which needs nobody's permission"
        for action in ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"):
            statements = boundary(applied(name))
            via = f"dynamodb.{SETTINGS.region}.amazonaws.com"
            assert allows(statements, action, key, kms_ViaService=via, aws_ResourceAccount=account)
            assert not allows(statements, action, key, aws_ResourceAccount=account)
            foreign = "999999999999"
            assert not allows(
                statements, action, key, kms_ViaService=via, aws_ResourceAccount=foreign
            )


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cloudformation_uses_the_keys_of_tables_through_dynamodb_only(name: str) -> None:
    account = SETTINGS.accounts[name]
    key = f"arn:aws:kms:{SETTINGS.region}:{account}:key/1"
    statements = execution(applied(name))
    via = f"dynamodb.{SETTINGS.region}.amazonaws.com"
    for action in ("kms:CreateGrant", "kms:Decrypt"):
        assert allows(statements, action, key, kms_ViaService=via)
        assert not allows(statements, action, key)


@pytest.mark.parametrize("name", NAMES)
def test_every_policy_fits_and_says_something_in_every_account(name: str) -> None:
    policies = [
        resource["Properties"]["PolicyDocument"]["Statement"]
        for resource in applied(name).values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    # "IAM and STS quotas": ten managed policies a role.
    assert len(policies) <= 10
    for statements in policies:
        assert statements
        assert size(statements) < POLICY_LIMIT
        sids = [statement["Sid"] for statement in statements]
        assert len(sids) == len(set(sids))


def test_a_long_list_of_statements_becomes_several_policies() -> None:
    statements = [
        {"Sid": f"S{n}", "Effect": "Allow", "Action": ["s3:GetObject"] * 100, "Resource": "*"}
        for n in range(8)
    ]
    several = documents(statements)
    assert len(several) > 1
    assert [each for document in several for each in listed(document["Statement"])] == statements
