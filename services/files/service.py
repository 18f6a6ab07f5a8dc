"""The file service as a part of the application."""

from __future__ import annotations

from functools import partial

from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.service import DeployedService, Route, Service
from services.files.infrastructure import FileService
from services.files.monitoring import watch
from services.files.options import FileOptions


def _deploy(
    scope: Construct, environment: EnvironmentSettings, options: FileOptions
) -> DeployedService:
    made = FileService(scope, "Files", environment=environment, options=options)
    return DeployedService(
        api=made.api,
        smoke_routes=(
            Route("POST", "/files"),
            Route("GET", "/files"),
            Route("GET", "/files/*"),
            Route("GET", "/status"),
        ),
        watch=partial(watch, made),
        outputs={
            "ApiGatewayUrl": made.api.url,
            "S3BucketName": made.uploads.bucket_name,
            "FilesResultsBucketName": made.results.bucket_name,
            "FilesTableName": made.catalogue.table_name,
            "ImageProcessorArn": made.images.function.function_arn,
            "DataTransformArn": made.tables.function.function_arn,
            "ApiHandlerArn": made.handler.function.function_arn,
        },
    )


SERVICE = Service(
    name="files",
    url_output="FilesApiUrl",
    read_options=FileOptions.read,
    deploy=_deploy,
)
