"""What one environment consists of, as the pipeline deploys it."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from services.common.infrastructure.environment import Surroundings
from stages.options import ApplicationOptions
from stages.tap_stack import TapStack

DEFAULTS = ApplicationOptions()

# A name reserved for documentation (RFC 2606): until an environment names its own origins, no
# browser page in the world may call its APIs.
NO_BROWSER = ("https://app.example.com",)

# Every account's bootstrap makes this policy (bootstrap/), and lets CloudFormation make no role
# without it.
PERMISSIONS_BOUNDARY_NAME = "tap-permissions-boundary"
PERMISSIONS_BOUNDARY = cdk.PermissionsBoundary.from_name(PERMISSIONS_BOUNDARY_NAME)


class ApplicationStage(cdk.Stage):
    """The application's stacks in one account and region.

    environment: its name, such as "dev". disposable: may its data be destroyed with its stack?
    smoke_project_role_arn: the only principal that may take `tap-<environment>-smoke`.
    architecture: "x86_64" or "arm64". cors_origins: origins of browser pages that call the APIs.
    options: the services' own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        disposable: bool,
        smoke_project_role_arn: str,
        env: cdk.Environment,
        architecture: str = "x86_64",
        cors_origins: Sequence[str] = NO_BROWSER,
        options: ApplicationOptions = DEFAULTS,
    ) -> None:
        super().__init__(scope, construct_id, env=env, permissions_boundary=PERMISSIONS_BOUNDARY)
        self.stack = TapStack(
            self,
            "TapStack",
            surroundings=Surroundings(
                name=environment,
                disposable=disposable,
                architecture=architecture,
                cors_origins=tuple(cors_origins),
            ),
            smoke_project_role_arn=smoke_project_role_arn,
            env=env,
            options=options,
        )
        self.requests_api_url = self.stack.requests_api_url
        for key, value in {
            "Project": "ServerlessInfrastructure",
            "Environment": environment,
            "CostCenter": "Engineering",
            "ManagedBy": "CDK",
        }.items():
            cdk.Tags.of(self).add(key, value)
