"""How a service's functions get from one version to the next: behind an alias, gradually, checked.

Everything that invokes a function of a service invokes its alias `live`. CloudFormation moves the
alias by a CodeDeploy deployment ("CodeDeployLambdaAliasUpdate policy", CloudFormation user guide):
a hook asks the new version, the traffic moves, alarms stop it, the hook asks again. What stops
takes the alias back, and the stack's update with it. The first deployment of a function makes its
alias and moves nothing.

A version is made for every commit that is delivered, because the commit is its description, which
only a replacement changes, and the function's: Lambda publishes nothing for a function that did not
change ("PublishVersion", Lambda API reference). The CDK's own hash of a function does not see what
is known in a deployment only, such as a parameter (aws-cdk issue 25997).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import METRICS_NAMESPACE, PythonFunction
from services.common.runtime.faults import FAULTS, FUNCTION, VERSION
from services.common.runtime.probe import ASKING, PROBE, READY

ALIAS: Final = "live"
# "Working with deployment configurations in CodeDeploy", CodeDeploy user guide.
ALL_AT_ONCE: Final = "CodeDeployDefault.LambdaAllAtOnce"
_CANARY: Final = "CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes"
# "Redeploy and roll back a deployment with CodeDeploy", CodeDeploy user guide.
_TAKEN_BACK_ON: Final = (
    "DEPLOYMENT_FAILURE",
    "DEPLOYMENT_STOP_ON_ALARM",
    "DEPLOYMENT_STOP_ON_REQUEST",
)
# A deployment lasts for minutes, so what watches it looks every minute.
_PERIOD: Final = cdk.Duration.minutes(1)
_RUNBOOK: Final = "docs/runbooks/rollout.md#an-alarm-stopped-it"


@dataclass(frozen=True)
class Check:
    """What the hook asks a version: an event that changes nothing, and what its answer must have.

    A text in the answer where members are expected is read as JSON, as the body of a response is.
    answers_people: whether the function catches its faults and answers them, so that Lambda sees no
    error. Then it counts them itself (services/common/runtime/router.py).
    """

    event: Mapping[str, Any]
    answer: Mapping[str, Any]
    answers_people: bool = False


# Of a function whose every event is work (services/common/runtime/probe.py).
PROBED: Final = Check(PROBE, READY)


def get(resource: str, *, status: int, body: Mapping[str, Any], **parameters: str) -> Check:
    """A call of an API's function, as API Gateway would hand it over.

    resource: the path as declared, such as "/files/{file_id}". parameters: of the path.
    """
    event = {
        "httpMethod": "GET",
        "resource": resource,
        "path": resource.format(**parameters),
        "pathParameters": parameters or None,
        "requestContext": {"requestId": ASKING},
    }
    return Check(event, {"statusCode": status, "body": body}, answers_people=True)


class Rollout(Construct):
    """What the deployments of one service's functions have in common.

    In the stack of the functions: an alias and what moves it refer to each other.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: EnvironmentSettings,
        service: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._service = service
        self._checks: dict[str, Mapping[str, Any]] = {}
        self._application = codedeploy.CfnApplication(
            self,
            "Application",
            application_name=environment.named(service),
            compute_platform="Lambda",
        )
        self._hook = self._make_hook(service)
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            description=f"Moves the traffic of the {service} service's functions",
        )
        _allow(self._role, ["lambda:InvokeFunction"], self._hook.function.function_arn)
        # For alarms of one account and their states alone, and a narrower grant shows less than
        # asked for ("DescribeAlarms", Amazon CloudWatch API reference).
        _allow(self._role, ["cloudwatch:DescribeAlarms"], "*")

    def release(
        self,
        made: PythonFunction,
        check: Check,
        *,
        retries: int | None = None,
    ) -> lambda_.Alias:
        """Puts a function behind its alias, which is what everybody else invokes.

        retries: of an event, 0 to 2, after which it is given up.
        """
        resource = made.function.node.default_child
        if not isinstance(resource, lambda_.CfnFunction):
            raise TypeError(f"{made.node.path} has no AWS::Lambda::Function")
        resource.description = self._environment.commit
        self._ask(made, check)
        alias = lambda_.Alias(
            made,
            "Live",
            alias_name=ALIAS,
            version=made.function.current_version,
            retry_attempts=retries,
        )
        stops = [self._errors(made)]
        if check.answers_people:
            stops.append(self._faults(made))
        group = self._group(made, stops)
        self._permit(made, group)
        self._move_by(alias, group)
        return alias

    def _make_hook(self, service: str) -> PythonFunction:
        hook = PythonFunction(
            self,
            "Hook",
            environment=self._environment,
            name=f"{service}-hook",
            service=service,
            runtime="services/common/hook",
            handler="handler.handler",
            memory_mib=256,
            # A few calls, of which the longest may take half a minute.
            timeout=cdk.Duration.minutes(2),
            variables={},
        )
        # Neither knows a resource ("Actions, resources, and condition keys for AWS CodeDeploy",
        # Service Authorization Reference).
        hook.permit(
            ("codedeploy:BatchGetDeploymentTargets", "*"),
            ("codedeploy:ListDeploymentTargets", "*"),
        )
        return hook

    def _ask(self, made: PythonFunction, check: Check) -> None:
        name = self._environment.named(made.name)
        self._checks[name] = {"event": check.event, "answer": check.answer}
        self._hook.function.add_environment("CHECKS", json.dumps(self._checks))

    def _group(
        self, made: PythonFunction, stops: Sequence[cloudwatch.Alarm]
    ) -> codedeploy.CfnDeploymentGroup:
        return codedeploy.CfnDeploymentGroup(
            made,
            "Deployments",
            application_name=self._application.ref,
            deployment_group_name=self._environment.named(made.name),
            deployment_config_name=configuration(self._environment.canary_minutes),
            service_role_arn=self._role.role_arn,
            deployment_style=codedeploy.CfnDeploymentGroup.DeploymentStyleProperty(
                deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL"
            ),
            alarm_configuration=codedeploy.CfnDeploymentGroup.AlarmConfigurationProperty(
                enabled=True,
                # What cannot be read is not silence: the deployment stops.
                ignore_poll_alarm_failure=False,
                alarms=[
                    codedeploy.CfnDeploymentGroup.AlarmProperty(name=alarm.alarm_name)
                    for alarm in stops
                ],
            ),
            auto_rollback_configuration=codedeploy.CfnDeploymentGroup.AutoRollbackConfigurationProperty(
                enabled=True, events=list(_TAKEN_BACK_ON)
            ),
        )

    def _permit(self, made: PythonFunction, group: codedeploy.CfnDeploymentGroup) -> None:
        """CodeDeploy moves this alias, and the hook asks this function's versions."""
        function = made.function.function_arn
        _allow(
            self._role,
            ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
            function,
            f"{function}:{ALIAS}",
        )
        deployments = cdk.Stack.of(self).format_arn(
            service="codedeploy",
            resource="deploymentgroup",
            resource_name=f"{self._application.ref}/{group.deployment_group_name}",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self._hook.permit(
            ("lambda:GetAlias", function),
            ("lambda:GetAlias", f"{function}:{ALIAS}"),
            ("lambda:InvokeFunction", f"{function}:*"),
            ("codedeploy:PutLifecycleEventHookExecutionStatus", deployments),
        )

    def _move_by(self, alias: lambda_.Alias, group: codedeploy.CfnDeploymentGroup) -> None:
        resource = alias.node.default_child
        if not isinstance(resource, lambda_.CfnAlias):
            raise TypeError(f"{alias.node.path} has no AWS::Lambda::Alias")
        hook = self._hook.function.function_name
        resource.cfn_options.update_policy = cdk.CfnUpdatePolicy(
            code_deploy_lambda_alias_update=cdk.CfnCodeDeployLambdaAliasUpdate(
                application_name=self._application.ref,
                deployment_group_name=group.ref,
                before_allow_traffic_hook=hook,
                after_allow_traffic_hook=hook,
            )
        )
        # All else that a deployment needs, the policy above refers to.
        alias.node.add_dependency(self._role.node.find_child("DefaultPolicy"))

    def _errors(self, made: PythonFunction) -> cloudwatch.Alarm:
        """Of the version that a deployment brings, while it has a part of the alias's calls.

        Of no other: the release that goes back would be stopped by what the bad one did, since an
        alarm that is on stops every deployment. Such figures are there only while an alias has two
        versions ("Types of metrics for Lambda functions", AWS Lambda Developer Guide:
        ExecutedVersion).

        """
        name = self._environment.named(made.name)
        return _stop(
            made,
            "LiveErrors",
            f"{name}-{ALIAS}-errors",
            namespace="AWS/Lambda",
            metric_name="Errors",
            dimensions_map={
                "FunctionName": name,
                "Resource": f"{name}:{ALIAS}",
                "ExecutedVersion": made.function.current_version.version,
            },
        )

    def _faults(self, made: PythonFunction) -> cloudwatch.Alarm:
        """What the version that a deployment brings answers with 5xx by its own fault.

        A version counts its faults for as long as it has calls, and an alarm keeps its state when
        another metric is put in its place ("PutMetricAlarm", Amazon CloudWatch API Reference): the
        one of a bad version that serves would be on, and keep out what repairs it. So each version
        has an alarm of its own, which begins without a state; the name, which has the version's
        number, makes CloudFormation replace it ("AWS::CloudWatch::Alarm", AlarmName).
        """
        name = self._environment.named(made.name)
        version = made.function.current_version.version
        return _stop(
            made,
            "LiveFaults",
            f"{name}-{ALIAS}-faults-{version}",
            namespace=METRICS_NAMESPACE,
            metric_name=FAULTS,
            dimensions_map={"service": self._service, FUNCTION: name, VERSION: version},
        )


def _stop(made: PythonFunction, construct_id: str, name: str, **metric: Any) -> cloudwatch.Alarm:
    """An alarm that stops a deployment after one bad minute. metric: a count, as CloudWatch has it.

    Without calls there is nothing to count, and no proof either: that is the second hook's to give.
    It notifies nobody: the deployment that it stops does.
    """
    return cloudwatch.Alarm(
        made,
        construct_id,
        alarm_name=name,
        alarm_description=f"Stops deployments. What to do: {_RUNBOOK}",
        metric=cloudwatch.Metric(statistic="Sum", period=_PERIOD, **metric),
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        threshold=0,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def _allow(role: iam.Role, actions: Sequence[str], *resources: str) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))


def configuration(canary_minutes: int) -> str:
    """The deployment configuration's name: a tenth for so many minutes, or all at once for 0."""
    return _CANARY.format(minutes=canary_minutes) if canary_minutes else ALL_AT_ONCE
