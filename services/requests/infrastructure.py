"""The request service: a signed POST becomes an object, a row and a workflow execution."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from services.common.infrastructure.api import (
    API_FUNCTION,
    integration,
    signed_api,
)
from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import PythonFunction
from services.common.infrastructure.rollout import PROBED, Rollout, get
from services.common.infrastructure.storage import log_group, table
from services.common.runtime.idempotency import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from services.common.runtime.probe import NOBODY
from services.common.runtime.problems import NotFoundError
from services.requests.options import DEFAULTS, RequestOptions
from services.requests.payloads import PAYLOAD_PREFIX, payload_bucket
from services.requests.runtime.models import PENDING_INDEX
from services.requests.runtime.settings import EXPRESS, STANDARD
from services.requests.sweeping import call_every_minute, sweeper
from services.requests.workflow import definition

_MACHINE = "statemachine"
# A change of type replaces the machine, and CloudFormation makes the new one before it deletes the
# old one: two types under one name would never deploy.
_MACHINES = {STANDARD: _MACHINE, EXPRESS: f"{_MACHINE}-express"}


class RequestService(Construct):
    """Everything behind one request API.

    Attributes: api, bucket, table, state_machine, `function` behind the API, and `sweeper`.

    Both functions are released together: they have one asset.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: EnvironmentSettings,
        options: RequestOptions = DEFAULTS,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = payload_bucket(self, "Bucket", environment=environment)
        self.table = table(
            self, "Table", environment=environment, name="requests", key="request_id"
        )
        _index_pending_rows(self.table)
        self.state_machine = _state_machine(
            self, environment, self.bucket, self.table, options.workflow_type
        )
        self._stores = {
            "BUCKET_NAME": self.bucket.bucket_name,
            "TABLE_NAME": self.table.table_name,
            "STATE_MACHINE_ARN": self.state_machine.state_machine_arn,
            "WORKFLOW_TYPE": options.workflow_type,
        }
        self.function = self._processor(environment, options)
        self.sweeper = self._sweeper(environment, options)
        rollout = Rollout(self, "Rollout", environment=environment, service="requests")
        live = rollout.release(
            self.function,
            # Reads the table, and finds nothing there.
            get(
                "/requests/{request_id}",
                status=NotFoundError.status,
                body={"type": NotFoundError.type_uri()},
                request_id=NOBODY,
            ),
        )
        call_every_minute(
            self.sweeper, rollout.release(self.sweeper, PROBED), environment=environment
        )
        self.api = signed_api(
            self,
            "Api",
            environment=environment,
            name="api",
            description="Accepts requests and tells what became of them",
            request_headers=[IDEMPOTENCY_HEADER],
            response_headers=[REPLAYED_HEADER],
        )
        self._routes(live)

    def _processor(
        self, environment: EnvironmentSettings, options: RequestOptions
    ) -> PythonFunction:
        processor = PythonFunction(
            self,
            API_FUNCTION,
            environment=environment,
            name="processor",
            service="requests",
            runtime="services/requests/runtime",
            handler="handler.handler",
            memory_mib=512,
            # API Gateway gives up after 29 seconds; an answer after that reaches nobody.
            timeout=cdk.Duration.seconds(28),
            variables=self._stores
            | {
                "MAX_BODY_BYTES": str(options.max_body_bytes),
                "CORS_ORIGINS": " ".join(environment.cors_origins),
            },
        )
        processor.permit(
            ("s3:PutObject", self._payloads),
            # A put that carries a tag needs both ("PutObject", Amazon S3 API Reference).
            ("s3:PutObjectTagging", self._payloads),
            ("dynamodb:PutItem", self.table.table_arn),
            ("dynamodb:GetItem", self.table.table_arn),
            ("states:StartExecution", self.state_machine.state_machine_arn),
        )
        return processor

    def _sweeper(self, environment: EnvironmentSettings, options: RequestOptions) -> PythonFunction:
        made = sweeper(self, "Sweeper", environment=environment, variables=self._stores)
        made.permit(
            ("s3:PutObjectTagging", self._payloads),
            # Without it, S3 answers 403 instead of 404 for what is not there ("GetObject", Amazon
            # S3 API Reference), and a missing payload would look like a missing permission.
            ("s3:ListBucket", self.bucket.bucket_arn),
            ("dynamodb:Query", f"{self.table.table_arn}/index/{PENDING_INDEX}"),
            ("dynamodb:UpdateItem", self.table.table_arn),
            ("states:StartExecution", self.state_machine.state_machine_arn),
        )
        if options.workflow_type == STANDARD:
            made.permit(("states:DescribeExecution", _executions(self, environment)))
        return made

    @property
    def _payloads(self) -> str:
        return self.bucket.arn_for_objects(f"{PAYLOAD_PREFIX}*")

    def _routes(self, live: lambda_.Alias) -> None:
        to_function = integration(self.api, live)
        self.api.root.add_method("POST", to_function)
        request = self.api.root.add_resource("requests").add_resource("{request_id}")
        request.add_method("GET", to_function)


def _index_pending_rows(rows: dynamodb.TableV2) -> None:
    """Sparse: a row is in it from its acceptance until it has ended.

    All attributes, because an index entry costs the same write up to 1 KB, and rows are smaller.
    """
    text = dynamodb.AttributeType.STRING
    rows.add_global_secondary_index(
        index_name=PENDING_INDEX,
        partition_key=dynamodb.Attribute(name="pending", type=text),
        sort_key=dynamodb.Attribute(name="pending_since", type=text),
        projection_type=dynamodb.ProjectionType.ALL,
    )


def _executions(scope: Construct, environment: EnvironmentSettings) -> str:
    return cdk.Stack.of(scope).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{environment.named(_MACHINE)}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def _state_machine(
    scope: Construct,
    environment: EnvironmentSettings,
    bucket: s3.Bucket,
    rows: dynamodb.TableV2,
    workflow_type: str,
) -> sfn.StateMachine:
    machine = sfn.StateMachine(
        scope,
        "StateMachine",
        state_machine_name=environment.named(_MACHINES[workflow_type]),
        state_machine_type=sfn.StateMachineType[workflow_type],
        definition_body=sfn.DefinitionBody.from_string(json.dumps(definition(workflow_type))),
        definition_substitutions={
            "TableName": rows.table_name,
            "BucketName": bucket.bucket_name,
        },
        tracing_enabled=True,
        logs=sfn.LogOptions(
            destination=log_group(
                scope,
                "WorkflowLogs",
                environment=environment,
                # Under this prefix Step Functions does not outgrow CloudWatch's limit on the
                # size of resource policies ("Logging in CloudWatch Logs").
                name=f"/aws/vendedlogs/states/{environment.named(_MACHINE)}",
            ),
            level=sfn.LogLevel.ALL,
            # Inputs and outputs may hold what a caller sent.
            include_execution_data=False,
        ),
    )
    for action, resource in (
        ("dynamodb:UpdateItem", rows.table_arn),
        ("s3:PutObjectTagging", bucket.arn_for_objects(f"{PAYLOAD_PREFIX}*")),
        # For the same reason as the sweeper: a missing payload is not worth a retry.
        ("s3:ListBucket", bucket.bucket_arn),
    ):
        machine.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
    return machine
