"""The application in one environment: its services, and the role that smoke tests call it with."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from services.common.infrastructure.api import ApiGatewayLogging
from services.common.infrastructure.environment import Surroundings
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.storage import log_group
from services.requests.infrastructure import RequestService
from services.requests.monitoring import RUNBOOK, watch
from stages.options import ApplicationOptions


class TapStack(cdk.Stack):
    """Stack `tap-<environment>`.

    smoke_project_role_arn: the one role, in the pipeline's account, that may take the smoke role.
    It must exist when this stack is first deployed: IAM checks principals in trust policies.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        surroundings: Surroundings,
        smoke_project_role_arn: str,
        env: cdk.Environment,
        options: ApplicationOptions,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"tap-{surroundings.name}",
            description=f"Serverless application, {surroundings.name}",
            termination_protection=not surroundings.disposable,
            env=env,
        )
        logging = ApiGatewayLogging(self, "ApiGatewayLogging")
        self.requests = RequestService(
            self, "Requests", surroundings=surroundings, options=options.requests
        )
        # A stage with logs is refused while the account has no role to write them with.
        self.requests.api.deployment_stage.node.add_dependency(logging)
        monitor = Monitor(self, "Monitor", surroundings=surroundings, runbook=RUNBOOK)
        watch(self.requests, monitor, surroundings=surroundings)
        smoke_role = _smoke_role(self, surroundings, self.requests.api, smoke_project_role_arn)
        self.requests_api_url = self._outputs(smoke_role)
        _bound_helper_logs(self, surroundings)

    def _outputs(self, smoke_role: iam.Role) -> cdk.CfnOutput:
        service = self.requests
        url = cdk.CfnOutput(self, "RequestsApiUrl", value=service.api.url)
        for name, value in {
            "RequestsBucketName": service.bucket.bucket_name,
            "RequestsTableName": service.table.table_name,
            "RequestsStateMachineArn": service.state_machine.state_machine_arn,
            "SmokeRoleArn": smoke_role.role_arn,
        }.items():
            cdk.CfnOutput(self, name, value=value)
        return url


def _bound_helper_logs(stack: cdk.Stack, surroundings: Surroundings) -> None:
    """One week of logs for the CDK's function that empties disposable buckets, too.

    Lambda would create its log group without an end, and the CDK offers no setting for it.
    """
    provider = stack.node.try_find_child("Custom::S3AutoDeleteObjectsCustomResourceProvider")
    if provider is None:
        return
    group = log_group(
        stack,
        "BucketEmptierLogs",
        surroundings=surroundings,
        name=f"/aws/lambda/{surroundings.named('bucket-emptier')}",
    )
    function = cast("cdk.CfnResource", provider.node.find_child("Handler"))
    function.add_property_override("LoggingConfig", {"LogGroup": group.log_group_name})


def _smoke_role(
    scope: Construct,
    surroundings: Surroundings,
    api: apigateway.RestApi,
    smoke_project_role_arn: str,
) -> iam.Role:
    """May call this environment's API as any client does, and nothing else."""
    role = iam.Role(
        scope,
        "SmokeRole",
        role_name=surroundings.named("smoke"),
        description="Taken by the pipeline's smoke tests; calls the API",
        assumed_by=iam.ArnPrincipal(smoke_project_role_arn),
        max_session_duration=cdk.Duration.hours(1),
    )
    stage = api.deployment_stage.stage_name
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["execute-api:Invoke"],
            resources=[
                api.arn_for_execute_api("POST", "/", stage),
                api.arn_for_execute_api("GET", "/requests/*", stage),
            ],
        )
    )
    return role
