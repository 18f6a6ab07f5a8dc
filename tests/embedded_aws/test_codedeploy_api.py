"""CodeDeploy's API refuses what AWS refuses, by AWS's names, and lets nobody in without permission.

Proved on a running server, with deployments that nobody's template asked for. How deployments go is
shown by `test_lambda_rollouts`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.calls import RefusedError
from tests.embedded_aws.emulated import DEV, PROD, root_of
from tests.embedded_aws.rollouts import Rollouts, group_arn
from tests.support import aws

NAME = "by-hand"
ROLE = f"arn:aws:iam::{DEV}:role/by-hand-deploys"
CODE = "def handler(event, context): return context.function_version"
LONG = {"canaryPercentage": 30, "canaryInterval": 1000}


def allowed(*actions: str, resource: str = "*") -> str:
    """A policy."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def spec(current: str, target: str, **more: Any) -> dict[str, Any]:
    """A revision that moves the function's alias."""
    properties = {"Name": NAME, "Alias": "live", "CurrentVersion": current, "TargetVersion": target}
    resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
    content = {"version": 0.0, "Resources": [{"f": resource}], **more}
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}}


class Shop:
    """A function with two versions and an alias, and a deployment group for it."""

    def __init__(self, rollouts: Rollouts) -> None:
        self.rollouts = rollouts
        self.api, self.lambda_ = rollouts.api, rollouts.lambda_
        session = rollouts.session
        aws.function(session, NAME, CODE)
        for number in ("1", "2"):
            self.lambda_.update_function_configuration(FunctionName=NAME, Description=number)
            self.lambda_.publish_version(FunctionName=NAME)
        self.lambda_.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
        self.role(ROLE, allowed("lambda:GetAlias", "lambda:UpdateAlias"))
        self.api.create_application(applicationName=NAME, computePlatform="Lambda")
        self.group("live")
        self.api.create_deployment_config(
            deploymentConfigName="long",
            computePlatform="Lambda",
            trafficRoutingConfig={"type": "TimeBasedCanary", "timeBasedCanary": LONG},
        )

    def role(self, arn: str, policy: str, service: str = "codedeploy") -> None:
        """A service role."""
        iam, name = self.rollouts.session.client("iam"), arn.rpartition("/")[2]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=aws.trust(service))
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)

    def group(self, name: str, role: str = ROLE, **more: Any) -> None:
        """A deployment group."""
        self.api.create_deployment_group(
            applicationName=NAME, deploymentGroupName=name, serviceRoleArn=role, **more
        )

    def start(self, revision: Mapping[str, Any], group: str = "live", **more: Any) -> str:
        """A deployment, just begun."""
        made = self.api.create_deployment(
            applicationName=NAME, deploymentGroupName=group, revision=revision, **more
        )
        return str(made["deploymentId"])

    def ended(self, deployment: str) -> dict[str, Any]:
        """The deployment once nothing of it goes on."""
        over = ("Succeeded", "Failed", "Stopped")
        self.rollouts.until(
            lambda: self.rollouts.deployment(deployment)["status"] in over, "it ends"
        )
        return self.rollouts.deployment(deployment)

    def move(self, current: str, target: str, **more: Any) -> dict[str, Any]:
        """A deployment from one version to another, to its end."""
        return self.ended(self.start(spec(current, target), **more))

    def reset(self) -> None:
        """The alias at version 1."""
        routing: dict[str, Any] = {"AdditionalVersionWeights": {}}
        self.lambda_.update_alias(
            FunctionName=NAME, Name="live", FunctionVersion="1", RoutingConfig=routing
        )


@pytest.fixture(scope="module")
def made(rollouts: Rollouts) -> Shop:
    """Made once."""
    return Shop(rollouts)


@pytest.fixture
def shop(made: Shop) -> Iterator[Shop]:
    """With the alias at version 1, and no deployment under way afterwards."""
    made.reset()
    yield made
    active = made.api.list_deployments(includeOnlyStatuses=["Created", "InProgress"])
    for each in active["deployments"]:
        made.api.stop_deployment(deploymentId=each, autoRollbackEnabled=False)
        made.ended(each)


def refuses(code: str, text: str, call: Callable[[], object]) -> None:
    """The call is refused with this error."""
    with pytest.raises(ClientError, match=text) as refused:
        call()
    assert refused.value.response["Error"]["Code"] == code


def test_a_deployment_by_hand_moves_the_alias_and_is_listed(shop: Shop) -> None:
    done = shop.move("1", "2", description="by hand")
    assert (done["status"], done["creator"], done["description"]) == (
        "Succeeded",
        "user",
        "by hand",
    )
    assert shop.lambda_.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"] == "2"
    listed = shop.api.list_deployments(
        applicationName=NAME, deploymentGroupName="live", includeOnlyStatuses=["Succeeded"]
    )
    assert listed["deployments"][0] == done["deploymentId"]
    group = shop.api.get_deployment_group(applicationName=NAME, deploymentGroupName="live")
    last = group["deploymentGroupInfo"]["lastSuccessfulDeployment"]
    assert last["deploymentId"] == done["deploymentId"]
    revision = shop.api.get_application_revision(applicationName=NAME, revision=done["revision"])
    content = json.loads(revision["revision"]["appSpecContent"]["content"])
    assert content["Resources"][0][NAME]["Properties"]["TargetVersion"] == "2"
    both = shop.api.batch_get_deployments(deploymentIds=[done["deploymentId"]])
    assert both["deploymentsInfo"] == [done]


def test_what_the_alias_is_not_at_cannot_be_moved(shop: Shop) -> None:
    failed = shop.move("2", "1")
    assert failed["errorInformation"]["code"] == "INVALID_LAMBDA_CONFIGURATION"
    assert "does not match the current version" in failed["errorInformation"]["message"]
    failed = shop.move("1", "77")
    assert failed["errorInformation"]["code"] == "INVALID_LAMBDA_FUNCTION"
    assert shop.lambda_.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"] == "1"


def test_a_group_has_one_deployment_at_a_time(shop: Shop) -> None:
    first = shop.start(spec("1", "2"), deploymentConfigName="long")
    refuses(
        "DeploymentLimitExceededException",
        f"already has an active Deployment '{first}'",
        lambda: shop.start(spec("1", "2")),
    )
    refuses(
        "InvalidOperationException",
        first,
        lambda: shop.api.delete_deployment_group(applicationName=NAME, deploymentGroupName="live"),
    )
    shop.api.stop_deployment(deploymentId=first, autoRollbackEnabled=True)
    stopped = shop.ended(first)
    assert stopped["status"] == "Stopped"
    assert shop.ended(stopped["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"
    refuses(
        "DeploymentAlreadyCompletedException",
        "already completed",
        lambda: shop.api.stop_deployment(deploymentId=first),
    )
    assert shop.lambda_.get_alias(FunctionName=NAME, Name="live").get("RoutingConfig") is None


def test_a_stop_without_a_rollback_leaves_the_traffic_as_it_is(shop: Shop) -> None:
    deployment = shop.start(spec("1", "2"), deploymentConfigName="long")
    weights = {"AdditionalVersionWeights": {"2": 0.3}}

    def routing() -> Any:
        return shop.lambda_.get_alias(FunctionName=NAME, Name="live").get("RoutingConfig")

    shop.rollouts.until(lambda: routing() == weights, "traffic is shared")
    shop.api.stop_deployment(deploymentId=deployment)
    assert "rollbackDeploymentId" not in shop.ended(deployment)["rollbackInfo"]
    assert routing() == weights


@pytest.mark.parametrize(
    ("policy", "service", "code", "text"),
    [
        (allowed("lambda:GetAlias"), "codedeploy", "IAM_ROLE_PERMISSIONS", "lambda:UpdateAlias"),
        (allowed("lambda:*"), "lambda", "IAM_ROLE_PERMISSIONS", "to assume the role"),
    ],
)
def test_a_deployment_has_the_permissions_of_its_service_role(
    shop: Shop, policy: str, service: str, code: str, text: str
) -> None:
    role = f"arn:aws:iam::{DEV}:role/narrow-{service}"
    shop.role(role, policy, service)
    shop.group(f"narrow-{service}", role)
    failed = shop.move("1", "2", group=f"narrow-{service}")
    assert failed["errorInformation"]["code"] == code
    assert text in failed["errorInformation"]["message"]


def test_a_hook_that_cannot_be_called_fails_the_deployment(shop: Shop) -> None:
    hooked = spec("1", "2", Hooks=[{"BeforeAllowTraffic": NAME}])
    failed = shop.ended(shop.start(hooked))
    assert failed["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"
    assert "lambda:InvokeFunction" in failed["errorInformation"]["message"]


class Hook:
    """A hook that hands on what it is asked and leaves the answer to the test."""

    def __init__(self, shop: Shop) -> None:
        session = shop.rollouts.session
        self.shop, self.sqs = shop, session.client("sqs")
        self.asked = self.sqs.create_queue(QueueName="asked")["QueueUrl"]
        tells = (
            "import boto3, json\n"
            "def handler(event, context): boto3.client('sqs').send_message("
            f"QueueUrl='{self.asked}', MessageBody=json.dumps(event))"
        )
        aws.function(session, "tells", tells, allowed("sqs:SendMessage"))
        shop.role(f"{ROLE}-hooked", allowed("lambda:*"))
        shop.group("hooked", f"{ROLE}-hooked")

    def ask(self) -> dict[str, str]:
        """The event of a new deployment's hook, as an answer to it names it."""
        hooks = [{"BeforeAllowTraffic": "tells"}]
        self.shop.start(spec("1", "2", Hooks=hooks), group="hooked")
        (message,) = self.sqs.receive_message(QueueUrl=self.asked, WaitTimeSeconds=20)["Messages"]
        self.sqs.delete_message(QueueUrl=self.asked, ReceiptHandle=message["ReceiptHandle"])
        event = json.loads(message["Body"])
        assert event.keys() == {"DeploymentId", "LifecycleEventHookExecutionId"}
        return {
            "deploymentId": event["DeploymentId"],
            "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
        }


@pytest.fixture(scope="module")
def hook(made: Shop) -> Hook:
    """Made once."""
    return Hook(made)


def test_only_a_whole_answer_to_the_question_that_was_asked_counts(shop: Shop, hook: Hook) -> None:
    asked = hook.ask()
    put = shop.api.put_lifecycle_event_hook_execution_status
    refuses(
        "InvalidLifecycleEventHookExecutionStatusException",
        "Skipped",
        lambda: put(**asked, status="Skipped"),
    )
    refuses(
        "InvalidLifecycleEventHookExecutionIdException",
        "does not belong",
        lambda: put(**asked | {"lifecycleEventHookExecutionId": "guessed"}, status="Succeeded"),
    )
    refuses(
        "DeploymentDoesNotExistException",
        "could not be found",
        lambda: put(**asked | {"deploymentId": "d-UNKNOWN00"}, status="Succeeded"),
    )
    assert shop.rollouts.deployment(asked["deploymentId"])["status"] == "InProgress"
    put(**asked, status="Succeeded")
    refuses(
        "LifecycleEventAlreadyCompletedException",
        "already completed",
        lambda: put(**asked, status="Failed"),
    )
    assert shop.ended(asked["deploymentId"])["status"] == "Succeeded"


def test_a_hook_answers_with_permission_on_its_own_group_alone(shop: Shop, hook: Hook) -> None:
    asked = hook.ask()
    action = "codedeploy:PutLifecycleEventHookExecutionStatus"
    session = shop.rollouts.session

    def put(name: str, resource: str) -> None:
        keys = aws.user(session, name, allowed(action, resource=resource))
        api = shop.rollouts.as_user(keys).client("codedeploy")
        api.put_lifecycle_event_hook_execution_status(**asked, status="Succeeded")

    other = group_arn("another")
    refuses("AccessDeniedException", "not authorized", lambda: put("answers-others", other))
    put("answers-ours", f"{group_arn(NAME).rpartition('/')[0]}/hooked")
    assert shop.ended(asked["deploymentId"])["status"] == "Succeeded"


def test_another_account_knows_nothing_of_a_deployment(shop: Shop) -> None:
    deployment = shop.start(spec("1", "2"))
    foreign = shop.rollouts.as_user(root_of(PROD)).client("codedeploy")
    refuses(
        "DeploymentDoesNotExistException",
        "could not be found",
        lambda: foreign.get_deployment(deploymentId=deployment),
    )
    assert foreign.list_deployments()["deployments"] == []
    assert foreign.list_applications()["applications"] == []
    shop.ended(deployment)


@pytest.mark.parametrize(
    ("operation", "body", "path"),
    [
        ("CreateDeployment", {}, "applicationName"),
        ("CreateDeployment", {"applicationName": ["a"]}, "applicationName"),
        ("CreateDeployment", {"applicationName": "a" * 101}, "applicationName"),
        (
            "CreateDeployment",
            {"applicationName": "a", "revision": {"revisionType": "Image"}},
            "revision.revisionType",
        ),
        (
            "CreateDeployment",
            {"applicationName": "a", "overrideAlarmConfiguration": {"alarms": [{"name": 1}]}},
            "overrideAlarmConfiguration.alarms.1.member.name",
        ),
        (
            "CreateDeploymentConfig",
            {
                "deploymentConfigName": "c",
                "trafficRoutingConfig": {"timeBasedCanary": {"canaryPercentage": "ten"}},
            },
            "trafficRoutingConfig.timeBasedCanary.canaryPercentage",
        ),
        ("StopDeployment", {"deploymentId": "d", "autoRollbackEnabled": "yes"}, "autoRollback"),
        ("ListDeployments", {"includeOnlyStatuses": ["Running"]}, "includeOnlyStatuses.1.member"),
        ("GetDeploymentTarget", {"deploymentId": "d-A"}, "targetId"),
        ("PutLifecycleEventHookExecutionStatus", {"status": "Fine"}, "status"),
    ],
)
def test_a_request_of_the_wrong_shape_is_refused_with_the_members_path(
    shop: Shop, operation: str, body: Mapping[str, Any], path: str
) -> None:
    with pytest.raises(RefusedError, match=rf"at '{path}") as refused:
        shop.rollouts.place.call(
            "codedeploy",
            f"CodeDeploy_20141006.{operation}",
            body,
            {"AccessKeyId": DEV, "SecretAccessKey": "root"},
        )
    assert refused.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no object"),
        ("{", "neither YAML nor JSON"),
        ("version: 1\n", "not 0.0"),
        ("version: 0.0\n", "1 entry, not 0"),
        ("version: 0.0\nResources: [a]\n", "list of objects"),
        ("version: 0.0\nResources: [{f: {Type: 'AWS::ECS::Service'}}]\n", "must have the Type"),
        ("version: 0.0\nResources: [{f: {Type: 'AWS::Lambda::Function'}}]\n", "no Properties"),
        (
            json.dumps(spec("1", "", Hooks=[])["appSpecContent"]["content"]),
            "no object",
        ),
        (spec("1", "")["appSpecContent"]["content"], "lacks TargetVersion"),
        (
            spec("1", "2", Hooks=[{"BeforeInstall": "f"}])["appSpecContent"]["content"],
            "BeforeInstall",
        ),
        (
            spec("1", "2", Hooks=[{"AfterAllowTraffic": ["f"]}])["appSpecContent"]["content"],
            "AfterAllowTraffic",
        ),
    ],
)
def test_an_appspec_that_cannot_be_read_is_no_deployment(
    shop: Shop, content: str, reason: str
) -> None:
    revision = {"revisionType": "String", "string": {"content": content}}
    refuses("InvalidRevisionException", reason, lambda: shop.start(revision))


def _groups(shop: Shop) -> dict[str, tuple[str, str, Callable[[], object]]]:
    """Requests about groups, configurations and applications -> error, text."""
    api = shop.api

    def configuration(name: str, **routing: Any) -> Callable[[], object]:
        return lambda: api.create_deployment_config(
            deploymentConfigName=name, computePlatform="Lambda", trafficRoutingConfig=routing
        )

    wrong = "InvalidTrafficRoutingConfigurationException"
    parts = {"canaryPercentage": 100, "canaryInterval": 5}
    return {
        "another platform": (
            "InvalidComputePlatformException",
            "only Lambda",
            lambda: api.create_application(applicationName="ecs", computePlatform="ECS"),
        ),
        "a taken name": (
            "ApplicationAlreadyExistsException",
            NAME,
            lambda: api.create_application(applicationName=NAME, computePlatform="Lambda"),
        ),
        "an unknown application": (
            "ApplicationDoesNotExistException",
            "nobody",
            lambda: api.get_application(applicationName="nobody"),
        ),
        "an unknown group": (
            "DeploymentGroupDoesNotExistException",
            "nobody",
            lambda: shop.start(spec("1", "2"), group="nobody"),
        ),
        "an unknown configuration": (
            "DeploymentConfigDoesNotExistException",
            "CodeDeployDefault.OneAtATime",
            lambda: shop.group("g", deploymentConfigName="CodeDeployDefault.OneAtATime"),
        ),
        "no role": ("InvalidRoleException", "role ARN", lambda: shop.group("g", "deploys")),
        "another style": (
            "InvalidDeploymentStyleException",
            "WITH_TRAFFIC_CONTROL",
            lambda: shop.group("g", deploymentStyle={"deploymentType": "IN_PLACE"}),
        ),
        "triggers": (
            "InvalidInputException",
            "triggerConfigurations is not offered",
            lambda: shop.group("g", triggerConfigurations=[{"triggerName": "t"}]),
        ),
        "alarms without one": (
            "InvalidAlarmConfigException",
            "none is named",
            lambda: shop.group("g", alarmConfiguration={"enabled": True}),
        ),
        "too many alarms": (
            "AlarmsLimitExceededException",
            "10",
            lambda: shop.group(
                "g", alarmConfiguration={"alarms": [{"name": str(n)} for n in range(11)]}
            ),
        ),
        "a rollback for nothing": (
            "InvalidAutoRollbackConfigException",
            "no event",
            lambda: shop.group("g", autoRollbackConfiguration={"enabled": True}),
        ),
        "a canary of everything": (
            wrong,
            "from 1 to 99",
            configuration("c", type="TimeBasedCanary", timeBasedCanary=parts),
        ),
        "a canary without its part": (wrong, "needs", configuration("c", type="TimeBasedCanary")),
        "two ways at once": (
            wrong,
            "does not go with",
            configuration("c", type="AllAtOnce", timeBasedCanary=parts),
        ),
        "a reserved name": (
            "InvalidDeploymentConfigNameException",
            "must not begin",
            configuration("CodeDeployDefault.Mine", type="AllAtOnce"),
        ),
        "a configuration of AWS's": (
            "InvalidOperationException",
            "cannot be deleted",
            lambda: api.delete_deployment_config(
                deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce"
            ),
        ),
        "a revision elsewhere": (
            "InvalidRevisionException",
            "S3",
            lambda: shop.start({"revisionType": "S3"}),
        ),
        "no revision": (
            "RevisionRequiredException",
            "required",
            lambda: api.create_deployment(applicationName=NAME, deploymentGroupName="live"),
        ),
        "an operation that is not offered": (
            "UnsupportedOperationException",
            "CodeDeploy does not offer ListOnPremisesInstances",
            api.list_on_premises_instances,
        ),
    }


def test_what_lambda_does_not_know_is_refused_by_name(shop: Shop) -> None:
    for what, (code, text, call) in _groups(shop).items():
        with pytest.raises(ClientError, match=text) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == code, what


def test_a_group_is_changed_renamed_and_deleted_with_its_configuration(shop: Shop) -> None:
    parts = {"linearPercentage": 40, "linearInterval": 1}
    routing = {"type": "TimeBasedLinear", "timeBasedLinear": parts}
    shop.api.create_deployment_config(
        deploymentConfigName="steps", computePlatform="Lambda", trafficRoutingConfig=routing
    )
    shop.group("first", deploymentConfigName="steps")
    refuses(
        "DeploymentConfigInUseException",
        "first",
        lambda: shop.api.delete_deployment_config(deploymentConfigName="steps"),
    )
    assert shop.move("1", "2", group="first")["deploymentConfigName"] == "steps"
    shop.api.update_deployment_group(
        applicationName=NAME,
        currentDeploymentGroupName="first",
        newDeploymentGroupName="second",
        deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce",
    )
    names = shop.api.list_deployment_groups(applicationName=NAME)["deploymentGroups"]
    assert "second" in names
    assert "first" not in names
    shop.api.delete_deployment_config(deploymentConfigName="steps")
    shop.api.delete_deployment_group(applicationName=NAME, deploymentGroupName="second")
    listed = shop.api.list_deployment_configs()["deploymentConfigsList"]
    assert "CodeDeployDefault.LambdaCanary10Percent5Minutes" in listed
    assert "steps" not in listed
