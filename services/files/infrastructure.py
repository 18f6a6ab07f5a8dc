"""The file service, in a stack of its own within the environment's stack."""

from __future__ import annotations

from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from services.common.infrastructure.api import (
    API_FUNCTION,
    integration,
    signed_api,
)
from services.common.infrastructure.environment import COMMIT_PARAMETER, EnvironmentSettings
from services.common.infrastructure.function import PythonFunction
from services.common.infrastructure.rollout import Rollout, get
from services.common.runtime.idempotency import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from services.files.options import DEFAULTS, MIB, FileOptions
from services.files.processing import Processor, Work
from services.files.runtime.catalogue.items import NEWEST_INDEX, STATUS_INDEX
from services.files.runtime.catalogue.keys import RESULTS, UPLOADS
from services.files.runtime.catalogue.kinds import Kind
from services.files.storage import catalogue_table, results_bucket, uploads_bucket

# All that is made of a table may take this many times its own bytes. The names of the columns,
# which a CSV has once, stand in every row of JSON Lines.
_GROWTH = 4
# What else lies on the local disk.
_SPARE_MIB = 256
# What every function has ("Lambda quotas", AWS Lambda Developer Guide).
LEAST_DISK_MIB = 512


class FileService(cdk.NestedStack):
    """Everything behind the file API.

    Attributes: api, `handler` behind it, the processors `images` and `tables`, the buckets
    `uploads` and `results`, and the table `catalogue`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: EnvironmentSettings,
        options: FileOptions = DEFAULTS,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"The file service, {environment.name}",
            # By a name of ours; the CDK's own would differ from one environment to the next.
            parameters={COMMIT_PARAMETER: environment.commit},
        )
        commit = cdk.CfnParameter(self, COMMIT_PARAMETER, description="The commit that is deployed")
        environment = replace(environment, commit=commit.value_as_string)
        self.uploads = uploads_bucket(self, environment=environment)
        self.results = results_bucket(self, environment=environment)
        self.catalogue = catalogue_table(self, environment=environment)
        self._stores = {
            "UPLOADS_BUCKET": self.uploads.bucket_name,
            "RESULTS_BUCKET": self.results.bucket_name,
            "CATALOGUE_TABLE": self.catalogue.table_name,
        }
        self._rollout = Rollout(self, "Rollout", environment=environment, service="files")
        self.images = self._processor("Images", environment, _image_work(options))
        self.tables = self._processor("Tables", environment, _table_work(options))
        self.handler = self._handler(environment, options)
        self.api = signed_api(
            self,
            "Api",
            environment=environment,
            name="files-api",
            description="Takes files in and tells what was made of them",
            request_headers=[IDEMPOTENCY_HEADER],
            response_headers=[REPLAYED_HEADER],
        )
        live = self._rollout.release(
            self.handler,
            # Asks the table and both buckets.
            get("/status", status=200, body={"status": "ok"}),
        )
        self._routes(live)

    def _processor(
        self, construct_id: str, environment: EnvironmentSettings, work: Work
    ) -> Processor:
        made = Processor(
            self,
            construct_id,
            environment=environment,
            work=work,
            uploads=self.uploads,
            stores=self._stores,
            rollout=self._rollout,
        )
        made.permit(
            # With a version's id, this and not s3:GetObject is asked for, and without the right to
            # list, S3 answers 403 instead of 404 for what is not there ("GetObject", Amazon S3 API
            # Reference): a deleted version would look like a missing permission. Files may be put
            # under any key.
            ("s3:GetObjectVersion", self.uploads.arn_for_objects("*")),
            ("s3:ListBucket", self.uploads.bucket_arn),
            ("s3:PutObject", self.results.arn_for_objects(f"{RESULTS}*")),
            ("dynamodb:GetItem", self.catalogue.table_arn),
            # A transaction asks for what is in it ("Using IAM with transactions", DynamoDB).
            ("dynamodb:PutItem", self.catalogue.table_arn),
            ("dynamodb:UpdateItem", self.catalogue.table_arn),
        )
        return made

    def _handler(self, environment: EnvironmentSettings, options: FileOptions) -> PythonFunction:
        handler = PythonFunction(
            self,
            API_FUNCTION,
            environment=environment,
            name="files-api",
            service="files",
            runtime="services/files/runtime/api",
            also=("services/files/runtime/catalogue",),
            handler="handler.handler",
            memory_mib=128,
            # API Gateway gives up after 29 seconds, so its answer is never the function's end.
            timeout=cdk.Duration.seconds(30),
            variables=self._stores
            | {
                "COMMIT": environment.commit,
                "MAX_IMAGE_BYTES": str(options.max_image_bytes),
                "MAX_TABLE_BYTES": str(options.max_table_bytes),
                "LINK_MINUTES": str(options.link_minutes),
                "CORS_ORIGINS": " ".join(environment.cors_origins),
            },
        )
        handler.permit(
            # Whoever uses a form or a link that the function signed has its rights: to upload, and
            # to download results.
            ("s3:PutObject", self.uploads.arn_for_objects(f"{UPLOADS}*")),
            ("s3:GetObject", self.results.arn_for_objects(f"{RESULTS}*")),
            # HeadBucket asks for it ("HeadBucket", Amazon S3 API Reference).
            ("s3:ListBucket", self.uploads.bucket_arn),
            ("s3:ListBucket", self.results.bucket_arn),
            ("dynamodb:GetItem", self.catalogue.table_arn),
            ("dynamodb:PutItem", self.catalogue.table_arn),
            ("dynamodb:UpdateItem", self.catalogue.table_arn),
            ("dynamodb:Query", self.catalogue.table_arn),
            ("dynamodb:Query", f"{self.catalogue.table_arn}/index/{NEWEST_INDEX}"),
            ("dynamodb:Query", f"{self.catalogue.table_arn}/index/{STATUS_INDEX}"),
        )
        return handler

    def _routes(self, live: lambda_.Alias) -> None:
        to_function = integration(self.api, live)
        files = self.api.root.add_resource("files")
        files.add_method("GET", to_function)
        files.add_method("POST", to_function)
        files.add_resource("{file_id}").add_method("GET", to_function)
        self.api.root.add_resource("status").add_method("GET", to_function)


def _image_work(options: FileOptions) -> Work:
    return Work(
        kind=Kind.IMAGE,
        name="image-processor",
        package="images",
        memory_mib=512,
        timeout=cdk.Duration.minutes(5),
        max_bytes=options.max_image_bytes,
        concurrency=options.image_concurrency,
        variables={
            "IMAGE_SIZES": " ".join(f"{name}={side}" for name, side in options.image_sizes.items())
        },
    )


def _table_work(options: FileOptions) -> Work:
    max_result_bytes = _GROWTH * options.max_table_bytes
    disk = -(-(options.max_table_bytes + max_result_bytes) // MIB) + _SPARE_MIB
    return Work(
        kind=Kind.TABLE,
        name="data-transformer",
        package="tables",
        memory_mib=256,
        timeout=cdk.Duration.minutes(3),
        max_bytes=options.max_table_bytes,
        concurrency=options.table_concurrency,
        variables={"MAX_RESULT_BYTES": str(max_result_bytes)},
        ephemeral_storage=cdk.Size.mebibytes(max(disk, LEAST_DISK_MIB)),
    )
