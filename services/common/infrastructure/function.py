"""A Python function as we ship it: staged asset, own role, own log group, JSON logs, tracing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.storage import log_group
from services.common.packaging.bundling import Bundle, archive

_ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}
# The namespace of every metric our functions emit.
METRICS_NAMESPACE = "Tap"


class PythonFunction(Construct):
    """One Lambda function from a `runtime` folder.

    Its role starts with no more than writing its own log group and trace segments; the service
    adds what its code calls by `permit`.

    runtime: folder of the package, e.g. "services/requests/runtime". handler: dotted name below
    it, e.g. "handler.handler". also: folders of further packages of the service that the code
    imports. shared: with what services share. variables: of its environment, besides those of the
    shared observability.

    For a function that events invoke: dead_letters takes an event that was given up.
    reserved_concurrency: how many may run at once, kept free for it. ephemeral_storage: of /tmp,
    512 MiB to 10 GiB. What is left out is as Lambda has it: no queue, the account's concurrency,
    512 MiB.

    What a service consists of is then released behind an alias (`rollout`).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: EnvironmentSettings,
        name: str,
        service: str,
        runtime: str,
        handler: str,
        memory_mib: int,
        timeout: cdk.Duration,
        variables: Mapping[str, str],
        also: Sequence[str] = (),
        shared: bool = True,
        dead_letters: sqs.IQueue | None = None,
        reserved_concurrency: int | None = None,
        ephemeral_storage: cdk.Size | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        physical_name = environment.named(name)
        group = log_group(
            self, "Logs", environment=environment, name=f"/aws/lambda/{physical_name}"
        )
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )  # The managed basic execution policy would allow writing to any log group.
        group.grant_write(role)
        bundle = Bundle(
            runtime=runtime,
            architecture=environment.architecture,
            also=tuple(also),
            shared=shared,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=physical_name,
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=_ARCHITECTURES[environment.architecture],
            code=lambda_.Code.from_asset(str(archive(bundle))),
            handler=f"{runtime.replace('/', '.')}.{handler}",
            role=role,
            log_group=group,
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            tracing=lambda_.Tracing.ACTIVE,
            memory_size=memory_mib,
            timeout=timeout,
            dead_letter_queue=dead_letters,
            reserved_concurrent_executions=reserved_concurrency,
            ephemeral_storage_size=ephemeral_storage,
            current_version_options=lambda_.VersionOptions(
                description=environment.commit,
                # One that nothing leads to any more goes with the deployment that replaced it.
                removal_policy=cdk.RemovalPolicy.DESTROY,
            ),
            environment={
                "ENVIRONMENT": environment.name,
                "POWERTOOLS_SERVICE_NAME": service,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **variables,
            },
        )

    def permit(self, *permissions: tuple[str, str]) -> None:
        """Allows each action on its resource: pairs such as ("s3:PutObject", an ARN)."""
        for action, resource in permissions:
            self.function.add_to_role_policy(
                iam.PolicyStatement(actions=[action], resources=[resource])
            )
