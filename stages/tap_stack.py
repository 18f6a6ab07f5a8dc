"""The application in one environment: its services, and what they have in common there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import aws_cdk as cdk
from constructs import Construct

from services.common.infrastructure.api import ApiGatewayLogging
from services.common.infrastructure.environment import (
    COMMIT_PARAMETER,
    UNKNOWN_COMMIT,
    EnvironmentSettings,
)
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.storage import log_group
from stages.options import ApplicationOptions
from stages.services import SERVICES
from stages.smoke_role import smoke_role

# The CDK's function that empties disposable buckets when their stack is deleted, by its id.
_BUCKET_EMPTIER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


class TapStack(cdk.Stack):
    """Stack `tap-<environment>`.

    api_urls: the outputs with the services' addresses, by the variable that smoke tests know each
    by. smoke_project_role_arn: the one role, in the pipeline's account, that may take the smoke
    role; it must exist when this stack is first deployed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: EnvironmentSettings,
        smoke_project_role_arn: str,
        env: cdk.Environment,
        options: ApplicationOptions,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"tap-{environment.name}",
            description=f"Serverless application, {environment.name}",
            termination_protection=not environment.disposable,
            env=env,
        )
        environment = replace(environment, commit=_commit(self))
        logging = ApiGatewayLogging(self, "ApiGatewayLogging")
        deployed = {each: each.deploy(self, environment, options.of(each)) for each in SERVICES}
        monitor = Monitor(self, "Monitor", environment=environment)
        for service in deployed.values():
            # A stage with logs is refused while the account has no role to write them with.
            service.api.deployment_stage.node.add_dependency(logging)
            service.watch(monitor)
        role = smoke_role(
            self, environment, deployed.values(), project_role_arn=smoke_project_role_arn
        )
        self.api_urls: Mapping[str, cdk.CfnOutput] = {
            each.url_variable: cdk.CfnOutput(self, each.url_output, value=service.api.url)
            for each, service in deployed.items()
        }
        for service in deployed.values():
            for name, value in service.outputs.items():
                cdk.CfnOutput(self, name, value=value)
        cdk.CfnOutput(self, "SmokeRoleArn", value=role.role_arn)
        _bound_helper_logs(self, environment)


def _commit(stack: cdk.Stack) -> str:
    """The commit that is deployed, as a parameter of the stack: the delivery knows it.

    In the template, it would be part of what every commit changes, and of what is judged.
    """
    parameter = cdk.CfnParameter(
        stack,
        COMMIT_PARAMETER,
        description="The commit that is deployed",
        default=UNKNOWN_COMMIT,
        allowed_pattern=r"[\w.-]{1,128}",
    )
    return parameter.value_as_string


def _bound_helper_logs(stack: cdk.Stack, environment: EnvironmentSettings) -> None:
    """One week of logs for the CDK's helpers, too: one in the stack, one in each nested stack.

    Lambda would create their log groups without an end, and the CDK offers no setting for it.
    """
    for each in stack.node.find_all():
        if not isinstance(each, cdk.Stack):
            continue
        provider = each.node.try_find_child(_BUCKET_EMPTIER)
        if provider is None:
            continue
        whose = "" if each is stack else f"{each.node.id.lower()}-"
        group = log_group(
            each,
            "BucketEmptierLogs",
            environment=environment,
            name=f"/aws/lambda/{environment.named(f'{whose}bucket-emptier')}",
        )
        function = cast("cdk.CfnResource", provider.node.find_child("Handler"))
        function.add_property_override("LoggingConfig", {"LogGroup": group.log_group_name})
