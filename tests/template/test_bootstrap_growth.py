"""What a new environment or a new service needs of its account is found from the assembly alone.

Proves: an environment more in cdk.json gets its accounts' names and permissions without a change of
the generator; a stack with queues, events, a nested stack, reserved concurrency and a catalogue
table gets policies that would deploy it, and roles that can run it, in each of three environments.

Does not prove that AWS would deploy that stack: IAM's decisions are made here, from the policies.
"""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from accounts.bootstrap import generate
from accounts.bootstrap.account import ENVIRONMENT
from accounts.bootstrap.iam_actions import exists
from settings import Settings
from tests.support.bootstrap import actions, allows, apply, boundary, committed, execution
from tests.support.synthesis import REPOSITORY, with_settings

STAGING = {"name": "staging", "account": "044444444444", "disposable": True}


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """The settings of cdk.json with an environment more, before the last."""
    tap: dict[str, Any] = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["tap"]
    tap["environments"].insert(-1, STAGING)
    return tap


@pytest.fixture(scope="module")
def settings(values: dict[str, Any]) -> Settings:
    return Settings.parse(values)


@pytest.fixture(scope="module")
def with_staging(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    """The template of environments for this application in three environments."""
    checkout = tmp_path_factory.mktemp("staging") / "checkout"
    assembly = with_settings(checkout, environments=values["environments"])
    return parsed(generate.templates(assembly.directory, settings)[ENVIRONMENT])


@pytest.fixture(scope="module")
def with_files(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> dict[str, Any]:
    """The template of environments for an application that does other things than ours."""
    out = tmp_path_factory.mktemp("files")
    app = cdk.App(outdir=str(out))
    tools = cdk.Environment(account=settings.tools_account, region=settings.region)
    pipeline = cdk.Stack(app, "Pipeline", stack_name="tap-pipeline", env=tools)
    iam.Role(pipeline, "Role", assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"))
    for environment in settings.environments:
        env = cdk.Environment(account=environment.account, region=settings.region)
        FilesStack(app, environment.stage, environment.name, env)
    app.synth()
    return parsed(generate.templates(out, settings)[ENVIRONMENT])


def parsed(text: str) -> dict[str, Any]:
    template: dict[str, Any] = yaml.safe_load(text)
    return template


class FilesStack(cdk.Stack):
    """Files that are uploaded, looked at by three functions, and listed in a catalogue."""

    def __init__(self, app: cdk.App, construct_id: str, name: str, env: cdk.Environment) -> None:
        super().__init__(app, construct_id, stack_name=f"tap-{name}", env=env)
        bucket = s3.Bucket(self, "Uploads", bucket_name=f"tap-{name}-uploads-{env.account}")
        declared = bucket.node.default_child
        assert isinstance(declared, s3.CfnBucket)
        declared.add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
        catalogue = dynamodb.TableV2(
            self,
            "Catalogue",
            table_name=f"tap-{name}-catalogue",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            encryption=dynamodb.TableEncryptionV2.aws_managed_key(),
        )
        dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"tap-{name}-dead",
            encryption=sqs.QueueEncryption.KMS_MANAGED,
        )
        for purpose in ("image", "table", "other"):
            function = _function(self, f"tap-{name}-{purpose}", dead)
            bucket.grant_read(function)
            catalogue.grant_read_write_data(function)
            rule = events.Rule(
                self,
                f"Rule-{purpose}",
                rule_name=f"tap-{name}-{purpose}",
                event_pattern=events.EventPattern(source=["aws.s3"]),
            )
            rule.add_target(targets.LambdaFunction(function, dead_letter_queue=dead))
        nested = cdk.NestedStack(self, "Later")
        late = sqs.Queue(nested, "Late")
        reader = _function(nested, f"tap-{name}-late", dead)
        reader.add_event_source(sources.SqsEventSource(late))


def _function(scope: cdk.Stack, name: str, dead: sqs.Queue) -> lambda_.Function:
    return lambda_.Function(
        scope,
        name,
        function_name=name,
        runtime=lambda_.Runtime.PYTHON_3_12,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        reserved_concurrent_executions=2,
        dead_letter_queue=dead,
        on_failure=destinations.SqsDestination(dead),
    )


def test_an_environment_more_needs_no_other_permissions(
    with_staging: dict[str, Any], settings: Settings
) -> None:
    before, names = (
        committed(ENVIRONMENT),
        {each.account: each.name for each in settings.environments},
    )
    mapped = with_staging["Mappings"]["Environments"]
    assert mapped == {account: {"Name": name} for account, name in names.items()}
    disposable = [each for each in settings.environments if each.disposable]
    condition = "In" + "And".join(each.name.capitalize() for each in disposable)
    tests = [{"Fn::Equals": [{"Ref": "AWS::AccountId"}, each.account]} for each in disposable]
    assert with_staging["Conditions"][condition] == {"Fn::Or": tests}
    known = condition.removesuffix("AndStaging")
    resources = json.dumps(with_staging["Resources"]).replace(condition, known)
    assert json.loads(resources) == before["Resources"]


def test_the_new_environment_gets_permissions_for_its_own_names(
    with_staging: dict[str, Any], settings: Settings
) -> None:
    statements = execution(apply(with_staging, "044444444444"))
    here = f"arn:aws:dynamodb:{settings.region}:044444444444:table"
    assert allows(statements, "dynamodb:CreateTable", f"{here}/tap-staging-requests")
    assert not allows(statements, "dynamodb:CreateTable", f"{here}/tap-prod-requests")
    guarded = execution(apply(with_staging, settings.guarded.account))
    assert actions(statements) - actions(guarded) == {"lambda:InvokeFunction"}


# What CloudFormation does to deploy the files' stack, and to what.
DEPLOYS = [
    ("s3:CreateBucket", "arn:aws:s3:::tap-{e}-uploads-{a}"),
    ("s3:PutBucketNotification", "arn:aws:s3:::tap-{e}-uploads-{a}"),
    ("dynamodb:CreateTable", "arn:aws:dynamodb:{r}:{a}:table/tap-{e}-catalogue"),
    ("sqs:CreateQueue", "arn:aws:sqs:{r}:{a}:tap-{e}-dead"),
    ("sqs:SetQueueAttributes", "arn:aws:sqs:{r}:{a}:tap-{e}-dead"),
    ("sqs:DeleteQueue", "arn:aws:sqs:{r}:{a}:tap-{e}-LaterNestedStack-1A2B-Late-3C4D"),
    ("lambda:CreateFunction", "arn:aws:lambda:{r}:{a}:function:tap-{e}-image"),
    ("lambda:PutFunctionConcurrency", "arn:aws:lambda:{r}:{a}:function:tap-{e}-image"),
    ("lambda:PutFunctionEventInvokeConfig", "arn:aws:lambda:{r}:{a}:function:tap-{e}-image"),
    ("lambda:CreateEventSourceMapping", "arn:aws:lambda:{r}:{a}:event-source-mapping:1-2"),
    ("lambda:AddPermission", "arn:aws:lambda:{r}:{a}:function:tap-{e}-image"),
    ("events:PutRule", "arn:aws:events:{r}:{a}:rule/tap-{e}-image"),
    ("events:PutTargets", "arn:aws:events:{r}:{a}:rule/tap-{e}-image"),
    ("cloudformation:CreateStack", "arn:aws:cloudformation:{r}:{a}:stack/tap-{e}-Later-1A/2b"),
    ("cloudformation:DeleteStack", "arn:aws:cloudformation:{r}:{a}:stack/tap-{e}-Later-1A/2b"),
    ("cloudformation:DescribeStacks", "arn:aws:cloudformation:{r}:{a}:stack/tap-{e}-Later-1A/2b"),
    ("s3:GetObject", "arn:aws:s3:::cdk-hnb659fds-assets-{a}-{r}/nested.json"),
]


@pytest.mark.parametrize(("action", "resource"), DEPLOYS)
def test_a_new_services_stack_can_be_deployed_and_no_other(
    with_files: dict[str, Any], settings: Settings, action: str, resource: str
) -> None:
    assert exists(action)
    for environment in settings.environments:
        statements = execution(apply(with_files, environment.account))
        ours = resource.format(a=environment.account, e=environment.name, r=settings.region)
        assert allows(statements, action, ours), environment.name
        theirs = resource.format(a=environment.account, e="other", r=settings.region)
        if "{e}" in resource and not action.startswith("cloudformation:Describe"):
            assert not allows(statements, action, theirs)


def test_a_new_services_roles_are_passed_to_its_functions_only(
    with_files: dict[str, Any], settings: Settings
) -> None:
    for environment in settings.environments:
        role = f"arn:aws:iam::{environment.account}:role/tap-{environment.name}-image"
        statements = execution(apply(with_files, environment.account))
        for service, may in (("lambda.amazonaws.com", True), ("ec2.amazonaws.com", False)):
            passed = allows(statements, "iam:PassRole", role, iam_PassedToService=service)
            assert passed == may


def test_a_new_services_roles_reach_what_it_uses_within_their_boundary(
    with_files: dict[str, Any], settings: Settings
) -> None:
    for environment in settings.environments:
        account = environment.account
        statements = boundary(apply(with_files, account))
        for action in ("sqs:SendMessage", "sqs:ReceiveMessage", "s3:GetObject", "dynamodb:PutItem"):
            assert allows(statements, action, "arn:any", aws_ResourceAccount=account)
        assert not allows(statements, "states:StartExecution", "arn:any")
        for service in ("dynamodb", "sqs"):
            via = f"{service}.{settings.region}.amazonaws.com"
            assert allows(
                statements,
                "kms:Decrypt",
                f"arn:aws:kms:{settings.region}:{account}:key/1",
                kms_ViaService=via,
                aws_ResourceAccount=account,
            )
