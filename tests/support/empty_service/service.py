"""The smallest service there can be: one signed route, in a stack of its own within the stack."""

from __future__ import annotations

from functools import partial

import aws_cdk as cdk
from constructs import Construct

from services.common.infrastructure.api import (
    API_FUNCTION,
    integration,
    signed_api,
)
from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import PythonFunction
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.rollout import Rollout, get
from services.common.infrastructure.service import DeployedService, Route, Service
from services.common.infrastructure.service_monitor import ServiceMonitor
from settings import Reader

_SLOW = cdk.Duration.seconds(3)


class EmptyService(cdk.NestedStack):
    """An API, and the function that answers it."""

    def __init__(self, scope: Construct, *, environment: EnvironmentSettings) -> None:
        super().__init__(scope, "Empty")
        self.function = PythonFunction(
            self,
            API_FUNCTION,
            environment=environment,
            name="empty",
            service="empty",
            runtime="services/empty/runtime",
            handler="handler.handler",
            memory_mib=128,
            timeout=cdk.Duration.seconds(28),
            variables={},
        )
        self.api = signed_api(
            self, "Api", environment=environment, name="empty-api", description="Says that it is up"
        )
        rollout = Rollout(self, "Rollout", environment=environment, service="empty")
        live = rollout.release(
            self.function,
            get("/", status=200, body={"status": "up"}),
        )
        self.api.root.add_method("GET", integration(self.api, live))


def _watch(made: EmptyService, monitor: Monitor) -> None:
    watched = ServiceMonitor(monitor, runbook="docs/runbooks/empty-service.md")
    watched.api("empty-api", made.api, slow_after=_SLOW)
    watched.function("empty", made.function.function, slow_after=_SLOW)


def _deploy(scope: Construct, environment: EnvironmentSettings, _options: None) -> DeployedService:
    made = EmptyService(scope, environment=environment)
    return DeployedService(
        api=made.api,
        smoke_routes=(Route("GET", "/"),),
        watch=partial(_watch, made),
        outputs={"EmptyFunctionArn": made.function.function.function_arn},
    )


def _no_options(reader: Reader) -> None:
    reader.finish()


SERVICE = Service(name="empty", url_output="EmptyApiUrl", read_options=_no_options, deploy=_deploy)
