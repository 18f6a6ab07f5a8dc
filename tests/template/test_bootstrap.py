"""The accounts are bootstrapped with exactly what the pipeline's stacks need.

Proves, against a synthesis of the working tree: the committed templates are what the pinned CLI's
template and the stacks make of them; CloudFormation's policy grants every action that the resource
types' handlers state and no other; taking away any one is noticed; roles of the pipeline, and no
others, may take the roles of a target account; no role can be made without the boundary.

Does not prove that AWS's handlers call only what their schemas state: the first deployment with new
resource types may still be refused, which is the safe way round.
"""

from __future__ import annotations

import re
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml
from cloud_assembly import Assembly

from accounts.bootstrap import boundary, execution, generate, iam_actions, trust
from accounts.bootstrap.assembly import ACCOUNTS, Account, Resource, listed, plain, read
from accounts.bootstrap.customise import BOUNDARY_NAME, UnexpectedTemplateError, customise
from accounts.bootstrap.needs import UnknownNeedsError, needed_actions
from accounts.bootstrap.options import bootstrap_arguments, template_path
from accounts.bootstrap.scope import UnknownServiceError, patterns
from accounts.bootstrap.unneeded import UNNEEDED

IDS = {"tools": "111111111111", "dev": "222222222222", "prod": "333333333333"}
TARGETS = ["dev", "prod"]


@pytest.fixture(scope="session")
def accounts(assembly: Assembly) -> dict[str, Account]:
    return {name: read(assembly.directory, name) for name in ACCOUNTS}


@pytest.fixture(scope="session")
def committed() -> dict[str, Any]:
    return {name: yaml.safe_load(template_path(name).read_text()) for name in ACCOUNTS}


def execution_statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for logical_id, resource in template["Resources"].items()
        if logical_id.startswith("ExecutionPolicy")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


def difference(account: Account, statements: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """What is missing from the statements, and what in them nothing needs."""
    granted = {action for statement in statements for action in listed(statement["Action"])}
    needed = set(needed_actions(account))
    return needed - granted, granted - needed


def test_the_committed_templates_are_generated(assembly: Assembly) -> None:
    for name, text in generate.templates(assembly.directory).items():
        assert text == template_path(name).read_text(), f"{name}: run `make permissions`, read it"


@pytest.mark.parametrize("name", ACCOUNTS)
def test_cloudformation_may_do_all_that_the_stacks_need_and_nothing_else(
    accounts: dict[str, Account], committed: dict[str, Any], name: str
) -> None:
    assert difference(accounts[name], execution_statements(committed[name])) == (set(), set())


@pytest.mark.parametrize("name", ACCOUNTS)
def test_taking_any_action_away_is_noticed(
    accounts: dict[str, Account], committed: dict[str, Any], name: str
) -> None:
    statements = execution_statements(committed[name])
    for index, statement in enumerate(statements):
        for action in statement["Action"]:
            without = deepcopy(statements)
            without[index]["Action"].remove(action)
            # Assets and the application's own objects are read by the same action.
            still = any(action in each["Action"] for each in without)
            assert still or difference(accounts[name], without)[0] == {action}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_granted_action_exists_and_is_not_all_of_a_service(
    committed: dict[str, Any], name: str
) -> None:
    for statement in execution_statements(committed[name]):
        for action in statement["Action"]:
            assert iam_actions.exists(action)
            assert not action.endswith(":*")


@pytest.mark.parametrize("name", ACCOUNTS)
def test_only_what_names_no_resource_is_granted_on_everything(
    committed: dict[str, Any], name: str
) -> None:
    for statement in execution_statements(committed[name]):
        if statement["Resource"] == "*":
            assert not [each for each in statement["Action"] if iam_actions.has_resources(each)]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_names_in_the_templates_lie_within_what_is_granted(
    accounts: dict[str, Account], name: str
) -> None:
    account = accounts[name]
    named = {
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
    for resource in account.resources(*named):
        physical = plain(resource.properties.get(named[resource.type], account.prefix))
        if physical.startswith("API-Gateway-Execution-Logs_"):
            continue
        assert physical.rpartition("/")[2].startswith(account.prefix), resource.logical_id
        if resource.type == "AWS::Logs::LogGroup" and "/" in physical:
            assert fnmatchcase(physical, f"/aws/*/{account.prefix}-*")


def test_exceptions_have_reasons_and_end_with_the_property_that_they_wait_for() -> None:
    for exception in UNNEEDED:
        assert len(exception.reason) > 3
        assert exception.properties
        stated = iam_actions.handler_permissions(exception.type) or frozenset()
        for pattern in exception.actions:
            covered = [action for action in stated if fnmatchcase(action, pattern)]
            assert covered, f"{exception.type} states no {pattern}"
            action = covered[0]
            assert exception.covers(exception.type, action, {})
            for name in exception.properties:
                property_, _, index = name.partition(".")
                value: Any = [1] * (int(index) + 1) if index else True
                assert not exception.covers(exception.type, action, {"Deep": [{property_: value}]})


def test_a_new_property_brings_its_permission_back() -> None:
    def needs(**properties: Any) -> set[str]:
        resource = {"R": {"Type": "AWS::S3::Bucket", "Properties": properties}}
        return set(needed_actions(Account("dev", ({"Resources": resource},))))

    assert needs(CorsConfiguration={"CorsRules": []}) - needs() == {"s3:PutBucketCORS"}


def test_a_type_that_states_nothing_is_refused() -> None:
    template = {"Resources": {"R": {"Type": "AWS::Unheard::Of"}}}
    with pytest.raises(UnknownNeedsError, match="AWS::Unheard::Of"):
        needed_actions(Account("dev", (template,)))


def test_a_service_without_a_pattern_is_refused() -> None:
    with pytest.raises(UnknownServiceError, match="kendra"):
        patterns("kendra", "tap-dev")


@pytest.mark.parametrize("name", TARGETS)
def test_only_the_pipelines_roles_may_take_a_targets_roles(
    committed: dict[str, Any], name: str
) -> None:
    expected = {
        "DeploymentActionRole": "PipelineRole",
        "FilePublishingRole": "PipelineAssetsFileRole",
    }
    for logical_id in trust.BOOTSTRAP_ROLES.values():
        role = committed[name]["Resources"][logical_id]["Properties"]
        for text in foreign_conditions(role["AssumeRolePolicyDocument"]["Statement"]):
            (pattern,) = text
            wanted = expected[logical_id]
            assert re.fullmatch(rf"arn:\*:iam::\*:role/tap-pipeline-{wanted}\w{{8}}-\*", pattern)


def foreign_conditions(statements: list[Any]) -> list[list[str]]:
    """The principals that every way of trusting another account is limited to."""
    found = []
    for statement in statements:
        if "Fn::If" not in statement:
            assert statement["Principal"] == {"AWS": {"Ref": "AWS::AccountId"}}
            continue
        condition = statement["Fn::If"][1]["Condition"]
        ways = condition["Fn::If"][1:] if "Fn::If" in condition else [condition]
        found += [way["ArnLike"]["aws:PrincipalArn"] for way in ways]
    return found


def test_roles_that_the_pipeline_does_not_take_trust_no_other_account(
    committed: dict[str, Any],
) -> None:
    for name in TARGETS:
        for logical_id in ("ImagePublishingRole", "LookupRole"):
            role = committed[name]["Resources"][logical_id]["Properties"]
            assert foreign_conditions(role["AssumeRolePolicyDocument"]["Statement"]) == []


def test_external_ids_are_denied_wherever_another_account_is_trusted(
    committed: dict[str, Any],
) -> None:
    role = committed["prod"]["Resources"]["DeploymentActionRole"]["Properties"]
    assuming = [
        statement["Fn::If"][1]
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
        if "Fn::If" in statement and "sts:AssumeRole" in statement["Fn::If"][1]["Action"]
    ]
    assert assuming
    for statement in assuming:
        denying = statement["Condition"]["Fn::If"]
        assert denying[0] == "ShouldDenyExternalId"
        assert denying[1]["Null"] == {"sts:ExternalId": "true"}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_no_role_is_made_or_changed_without_the_boundary(
    committed: dict[str, Any], name: str
) -> None:
    arn = {"Fn::Sub": execution.BOUNDARY_ARN}
    for statement in execution_statements(committed[name]):
        growing = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"}
        if growing & set(statement["Action"]):
            condition = statement["Condition"]["StringEquals"]
            assert condition["iam:PermissionsBoundary"] == arn
        assert "iam:DeleteRolePermissionsBoundary" not in statement["Action"]
        assert not [each for each in statement["Action"] if each.startswith("iam:CreatePolicy")]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_role_of_the_stacks_carries_the_boundary(
    accounts: dict[str, Account], name: str
) -> None:
    roles = list(accounts[name].resources("AWS::IAM::Role"))
    assert roles
    for role in roles:
        assert "PermissionsBoundary" in role.properties, role.logical_id
        assert plain(role.properties["PermissionsBoundary"]).endswith(f":policy/{BOUNDARY_NAME}")


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_boundary_allows_the_services_that_roles_use_and_no_others(
    accounts: dict[str, Account], committed: dict[str, Any], name: str
) -> None:
    resource = committed[name]["Resources"]["PermissionsBoundary"]
    statements = resource["Properties"]["PolicyDocument"]["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    granted = boundary.granted(accounts[name])
    assert {action.partition(":")[0] for action in allowed} == set(granted)
    for service in ("iam", "sts"):
        assert f"{service}:*" not in allowed


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_deploy_role_touches_this_systems_stacks_only(
    committed: dict[str, Any], name: str
) -> None:
    (policy,) = committed[name]["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        if any(each.startswith("cloudformation:") for each in listed(statement["Action"])):
            for arn in listed(statement["Resource"]):
                assert ":stack/tap-" in plain(arn)


@pytest.mark.parametrize("name", TARGETS)
def test_the_deploy_role_of_a_target_cannot_end_a_stack(
    committed: dict[str, Any], name: str
) -> None:
    (policy,) = committed[name]["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    allowed = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    assert "cloudformation:ExecuteChangeSet" in allowed
    for action in ("cloudformation:DeleteStack", "cloudformation:UpdateTerminationProtection"):
        assert not [each for each in allowed if fnmatchcase(action, each)]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_policy_fits(committed: dict[str, Any], name: str) -> None:
    for resource in committed[name]["Resources"].values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            document = resource["Properties"]["PolicyDocument"]
            assert execution.size(document["Statement"]) < execution.POLICY_LIMIT


def test_a_long_list_of_statements_becomes_several_policies() -> None:
    statements = [
        {"Sid": f"S{n}", "Effect": "Allow", "Action": ["s3:GetObject"] * 100, "Resource": "*"}
        for n in range(8)
    ]
    documents = execution.documents(statements)
    assert len(documents) > 1
    assert [each for document in documents for each in document["Statement"]] == statements


def test_a_changed_upstream_trust_is_not_passed_on_unread(accounts: dict[str, Account]) -> None:
    original = generate.show_template()
    role = original["Resources"]["DeploymentActionRole"]["Properties"]
    everyone = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": "*"}}
    role["AssumeRolePolicyDocument"]["Statement"].append(everyone)
    with pytest.raises(UnexpectedTemplateError, match="DeploymentActionRole"):
        customise(original, accounts["prod"], {})


def test_a_cut_role_name_still_matches_its_pattern() -> None:
    role = Resource("PipelineUpdatePipelineSelfMutationRole57E559E8", "AWS::IAM::Role", {})
    pattern = trust.physical_name(role, "tap-pipeline")
    made = "tap-pipeline-PipelineUpdatePipelineSelfMutationRole5-ABCDEFGHIJKL"
    assert fnmatchcase(made, pattern)
    assert len(pattern) > 30


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_bootstrap_command_names_policies_that_its_template_makes(
    committed: dict[str, Any], name: str
) -> None:
    arguments = bootstrap_arguments(name, IDS, "us-west-2")
    value = arguments[arguments.index("--cloudformation-execution-policies") + 1]
    made = {
        f"arn:aws:iam::{IDS[name]}:policy/{resource['Properties']['ManagedPolicyName']}"
        for logical_id, resource in committed[name]["Resources"].items()
        if logical_id.startswith("ExecutionPolicy")
    }
    assert set(value.split(",")) == made
    assert "AdministratorAccess" not in str(arguments)
    assert "--termination-protection" in arguments
    assert "--deny-external-id" in arguments
    assert ("--trust" in arguments) == (name != "tools")


def test_nothing_falls_back_on_administrator_access(committed: dict[str, Any]) -> None:
    for template in committed.values():
        assert "AdministratorAccess" not in str(template["Resources"])
        assert "Default" not in template["Parameters"]["CloudFormationExecutionPolicies"]
