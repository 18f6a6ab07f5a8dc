"""The role that smoke tests call the application with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.service import DeployedService


def smoke_role(
    scope: Construct,
    environment: EnvironmentSettings,
    services: Iterable[DeployedService],
    *,
    project_role_arn: str,
) -> iam.Role:
    """`tap-<environment>-smoke` calls what smoke tests call, as any client does, and nothing else.

    project_role_arn: the only principal that may take it. It must exist when the role is created:
    IAM checks principals in trust policies.
    """
    role = iam.Role(
        scope,
        "SmokeRole",
        role_name=environment.named("smoke"),
        description="Taken by the pipeline's smoke tests; calls the API",
        assumed_by=iam.ArnPrincipal(project_role_arn),
        max_session_duration=cdk.Duration.hours(1),
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["execute-api:Invoke"],
            resources=[arn for service in services for arn in _methods(service)],
        )
    )
    return role


def _methods(service: DeployedService) -> Iterator[str]:
    stage = service.api.deployment_stage.stage_name
    for route in service.smoke_routes:
        yield service.api.arn_for_execute_api(route.method, route.path, stage)
