"""A Python function as we ship it: staged asset, own role, own log group, JSON logs, tracing."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from services.common.infrastructure.environment import Surroundings
from services.common.infrastructure.storage import log_group
from services.common.packaging.bundling import Bundle, stage

_ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}
# The namespace of every metric our functions emit.
METRICS_NAMESPACE = "Tap"


class PythonFunction(Construct):
    """One Lambda function from a `runtime` folder.

    Its role starts with no more than writing its own log group and trace segments; the service
    adds what its code calls to `function.role`.

    runtime: folder of the package, e.g. "services/requests/runtime". handler: dotted name below
    it, e.g. "handler.handler". environment: variables besides those of the shared observability.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        surroundings: Surroundings,
        name: str,
        service: str,
        runtime: str,
        handler: str,
        memory_mib: int,
        timeout: cdk.Duration,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        physical_name = surroundings.named(name)
        group = log_group(
            self, "Logs", surroundings=surroundings, name=f"/aws/lambda/{physical_name}"
        )
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )  # The managed basic execution policy would allow writing to any log group.
        group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=physical_name,
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=_ARCHITECTURES[surroundings.architecture],
            code=lambda_.Code.from_asset(
                str(stage(Bundle(runtime=runtime, architecture=surroundings.architecture)))
            ),
            handler=f"{runtime.replace('/', '.')}.{handler}",
            role=role,
            log_group=group,
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            tracing=lambda_.Tracing.ACTIVE,
            memory_size=memory_mib,
            timeout=timeout,
            environment={
                "ENVIRONMENT": surroundings.name,
                "POWERTOOLS_SERVICE_NAME": service,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **environment,
            },
        )
