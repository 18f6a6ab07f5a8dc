"""The request service as a part of the application."""

from __future__ import annotations

from functools import partial

from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.service import DeployedService, Route, Service
from services.requests.infrastructure import RequestService
from services.requests.monitoring import watch
from services.requests.options import RequestOptions


def _deploy(
    scope: Construct, environment: EnvironmentSettings, options: RequestOptions
) -> DeployedService:
    made = RequestService(scope, "Requests", environment=environment, options=options)
    return DeployedService(
        api=made.api,
        smoke_routes=(Route("POST", "/"), Route("GET", "/requests/*")),
        watch=partial(watch, made),
        outputs={
            "RequestsBucketName": made.bucket.bucket_name,
            "RequestsTableName": made.table.table_name,
            "RequestsStateMachineArn": made.state_machine.state_machine_arn,
        },
    )


SERVICE = Service(
    name="requests",
    url_output="RequestsApiUrl",
    read_options=RequestOptions.read,
    deploy=_deploy,
)
