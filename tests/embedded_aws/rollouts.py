"""A function behind an alias that CodeDeploy shifts, as the CDK's LambdaDeploymentGroup has it.

Its template is synthesized by the CDK. Both hooks are functions that answer what their environment
says, with a role that may answer for this one deployment group.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_

from embedded_aws.calls import Place
from embedded_aws.clients import Credentials, Session
from embedded_aws.server import Server
from tests.embedded_aws.emulated import DEV, REGION, administrators
from tests.support import aws
from tests.support.apps import scratch_app

PATIENCE = 60.0
MINUTE_SECONDS = 0.2
"""How long a minute is that a deployment waits here."""
_FUNCTION = """
import json
def handler(event, context):
    said = {"said": %r, "version": context.function_version, "arn": context.invoked_function_arn}
    return {"statusCode": 200, "body": json.dumps(said)} | said
"""
_HOOK = """
import os, boto3
def handler(event, context):
    print("asked", event)
    if os.environ["ANSWER"] != "nothing":
        boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=os.environ["ANSWER"],
        )
"""


@dataclass(frozen=True)
class Plan:
    """What a stack has. `shift`: None for all at once, else per cent and minutes of a canary."""

    name: str
    says: str = "one"
    shift: tuple[int, int] | None = None
    before: str | None = None
    after: str | None = None
    alarmed: bool = False
    deployed: bool = True
    fails_later: bool = False
    group: Mapping[str, Any] = field(default_factory=dict)

    def template(self) -> dict[str, Any]:
        """Synthesized, without anything of a bootstrap."""
        app = scratch_app()
        stack = cdk.Stack(app, self.name, synthesizer=cdk.BootstraplessSynthesizer())
        function = _function(stack, "Function", _FUNCTION % self.says)
        alias = lambda_.Alias(stack, "Alias", alias_name="live", version=function.current_version)
        if self.deployed:
            self._add_group(stack, alias)
        if self.fails_later:
            self._add_broken(stack, alias)
        template: dict[str, Any] = app.synth().get_stack_artifact(stack.artifact_id).template
        return template

    def _add_group(self, stack: cdk.Stack, alias: lambda_.Alias) -> None:
        group = codedeploy.LambdaDeploymentGroup(
            stack,
            "Group",
            application=codedeploy.LambdaApplication(
                stack, "Application", application_name=self.name
            ),
            deployment_group_name="live",
            alias=alias,
            deployment_config=self._configuration(stack),
            alarms=[self._alarm(stack)] if self.alarmed else None,
            **self.group,
        )
        self._add_hooks(stack, group)

    def _add_broken(self, stack: cdk.Stack, alias: lambda_.Alias) -> None:
        """What CloudFormation cannot make, once the alias is done."""
        broken = cdk.CfnResource(
            stack, "Broken", type="AWS::CodeDeploy::Application", properties={"Tags": "none"}
        )
        broken.node.add_dependency(alias)

    def _configuration(self, stack: cdk.Stack) -> codedeploy.ILambdaDeploymentConfig:
        if self.shift is None:
            return codedeploy.LambdaDeploymentConfig.ALL_AT_ONCE
        percent, minutes = self.shift
        return codedeploy.LambdaDeploymentConfig(
            stack,
            "Configuration",
            deployment_config_name=f"{self.name}-{percent}-{minutes}",
            traffic_routing=codedeploy.TrafficRouting.time_based_canary(
                percentage=percent, interval=cdk.Duration.minutes(minutes)
            ),
        )

    def _alarm(self, stack: cdk.Stack) -> cloudwatch.Alarm:
        metric = cloudwatch.Metric(namespace="tests", metric_name=self.name)
        return cloudwatch.Alarm(
            stack,
            "Alarm",
            alarm_name=self.name,
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )

    def _add_hooks(self, stack: cdk.Stack, group: codedeploy.LambdaDeploymentGroup) -> None:
        for name, answer, add in (
            ("Before", self.before, group.add_pre_hook),
            ("After", self.after, group.add_post_hook),
        ):
            if answer is not None:
                hook = _function(stack, name, _HOOK, ANSWER=answer)
                group.grant_put_lifecycle_event_hook_execution_status(hook)
                add(hook)


def _function(stack: cdk.Stack, name: str, code: str, **environment: str) -> lambda_.Function:
    return lambda_.Function(
        stack,
        name,
        runtime=lambda_.Runtime.PYTHON_3_12,
        handler="index.handler",
        code=lambda_.Code.from_inline(code),
        environment=environment or None,
        timeout=cdk.Duration.seconds(20),
    )


class Rollouts:
    """Stacks of `Plan`s in one account, and what CodeDeploy says about them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.place = Place(server.endpoint, server.ca_bundle, REGION)
        self.session = server.session(administrators(server)[DEV])
        self.api = self.session.client("codedeploy")
        self.lambda_ = self.session.client("lambda")
        self.cloudformation = self.session.client("cloudformation")

    def as_user(self, credentials: Credentials) -> Session:
        """Clients of somebody else."""
        return self._server.session(credentials)

    def begin(self, plan: Plan) -> None:
        """Creates or updates the plan's stack and does not wait."""
        self.begin_template(plan.name, plan.template())

    def begin_template(self, name: str, template: Mapping[str, Any]) -> None:
        """Creates or updates a stack and does not wait."""
        exists = name in [s["StackName"] for s in self.cloudformation.describe_stacks()["Stacks"]]
        call = self.cloudformation.update_stack if exists else self.cloudformation.create_stack
        call(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])

    def deploy_nested(self, name: str, plan: Plan) -> str:
        """Creates or updates a stack with the plan's nested in it; the status it comes to."""
        s3, bucket, key = self.session.client("s3"), f"{name}-templates", f"{plan.says}.json"
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            where = {"LocationConstraint": REGION}
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(plan.template()))
        url = f"https://s3.{REGION}.amazonaws.com/{bucket}/{key}"
        inner = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
        self.begin_template(name, {"Resources": {"Inner": inner}})
        return self.settled(name)

    def nested(self, name: str) -> str:
        """The nested stack of a stack."""
        found = self.cloudformation.describe_stack_resource(
            StackName=name, LogicalResourceId="Inner"
        )
        inner = found["StackResourceDetail"]["PhysicalResourceId"]
        return str(inner).rpartition(":stack/")[2].partition("/")[0]

    def deploy(self, plan: Plan) -> str:
        """Creates or updates the stack; the status that it comes to."""
        self.begin(plan)
        return self.settled(plan.name)

    def settled(self, name: str) -> str:
        """Waits for a stack's end."""
        self.until(lambda: not self.status(name).endswith("IN_PROGRESS"), f"{name} settles")
        return self.status(name)

    def status(self, name: str) -> str:
        """A stack's status."""
        stacks = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        return str(stacks[0]["StackStatus"])

    def failures(self, name: str) -> str:
        """Why resources of a stack failed, newest first."""
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
        return "\n".join(e.get("ResourceStatusReason", "") for e in failed)

    def resource(self, stack: str, logical_id: str) -> str:
        """The physical id of the resource whose logical id begins so."""
        found = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return next(
            str(r["PhysicalResourceId"])
            for r in found
            if r["LogicalResourceId"].startswith(logical_id)
            and r["ResourceType"] in ("AWS::Lambda::Function", "AWS::Lambda::Alias")
        )

    def alias(self, stack: str) -> tuple[str, dict[str, float]]:
        """The alias's version, and the weights beside it."""
        found = self.lambda_.get_alias(FunctionName=self.resource(stack, "Function"), Name="live")
        weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return found["FunctionVersion"], weights

    def said(self, stack: str) -> str:
        """What a call of the alias says."""
        return str(aws.invoke(self.session, self.resource(stack, "Alias"), {})["said"])

    def deployments(self, stack: str) -> list[dict[str, Any]]:
        """The deployments of a stack's group, newest first."""
        ids = self.api.list_deployments(applicationName=stack, deploymentGroupName="live")
        return [self.deployment(each) for each in ids["deployments"]]

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """GetDeployment."""
        found: dict[str, Any] = self.api.get_deployment(deploymentId=deployment_id)
        info: dict[str, Any] = found["deploymentInfo"]
        return info

    def target(self, deployment_id: str) -> dict[str, Any]:
        """The one target of a deployment."""
        (name,) = self.api.list_deployment_targets(deploymentId=deployment_id)["targetIds"]
        found = self.api.get_deployment_target(deploymentId=deployment_id, targetId=name)
        target: dict[str, Any] = found["deploymentTarget"]["lambdaTarget"]
        return target

    def events(self, deployment_id: str) -> dict[str, str]:
        """Status of each lifecycle event."""
        rows = self.target(deployment_id)["lifecycleEvents"]
        return {row["lifecycleEventName"]: row["status"] for row in rows}

    def alarm(self, name: str, state: str) -> None:
        """Puts an alarm into a state."""
        self.session.client("cloudwatch").set_alarm_state(
            AlarmName=name, StateValue=state, StateReason="a test says so"
        )

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for a state of the world outside; fails naming it."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}"
            time.sleep(0.05)


def group_arn(stack: str) -> str:
    """The ARN of a stack's deployment group."""
    return f"arn:aws:codedeploy:{REGION}:{DEV}:deploymentgroup:{stack}/live"
