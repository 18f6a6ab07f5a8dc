"""What one environment consists of, as the pipeline deploys it."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from services.common.infrastructure.environment import COMMIT_PARAMETER, EnvironmentSettings
from settings import Environment
from stages.options import ApplicationOptions
from stages.tap_stack import TapStack

DEFAULTS = ApplicationOptions.parse({})

# A name reserved for documentation (RFC 2606): until an environment names its own origins, no
# browser page in the world may call its APIs.
NO_BROWSER = ("https://app.example.com",)

# Every account's bootstrap makes this policy (accounts/bootstrap/), and lets CloudFormation make no
# role without it.
PERMISSIONS_BOUNDARY_NAME = "tap-permissions-boundary"
PERMISSIONS_BOUNDARY = cdk.PermissionsBoundary.from_name(PERMISSIONS_BOUNDARY_NAME)

# Of every stack: the pipeline says by it which commit it deploys.
DEPLOYED_COMMIT = COMMIT_PARAMETER


class ApplicationStage(cdk.Stage):
    """The application's stacks in one environment's account.

    api_urls: the outputs with the services' addresses, by the variable that smoke tests know each
    by. smoke_project_role_arn: the only principal that may take `tap-<environment>-smoke`.
    architecture: "x86_64" or "arm64". cors_origins: origins of browser pages that call the APIs.
    options: the services' own.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        region: str,
        smoke_project_role_arn: str,
        architecture: str = "x86_64",
        cors_origins: Sequence[str] = NO_BROWSER,
        options: ApplicationOptions = DEFAULTS,
    ) -> None:
        env = cdk.Environment(account=environment.account, region=region)
        super().__init__(
            scope, environment.stage, env=env, permissions_boundary=PERMISSIONS_BOUNDARY
        )
        stack = TapStack(
            self,
            "TapStack",
            environment=EnvironmentSettings(
                name=environment.name,
                disposable=environment.disposable,
                architecture=architecture,
                cors_origins=tuple(cors_origins),
                alarm_email=environment.alarm_email,
                canary_minutes=environment.canary_minutes,
            ),
            smoke_project_role_arn=smoke_project_role_arn,
            env=env,
            options=options,
        )
        self.api_urls = stack.api_urls
        for key, value in {
            "Project": "ServerlessInfrastructure",
            "Environment": environment.name,
            "CostCenter": "Engineering",
            "ManagedBy": "CDK",
        }.items():
            cdk.Tags.of(self).add(key, value)
