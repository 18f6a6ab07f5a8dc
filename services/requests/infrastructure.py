"""The request service: a signed POST becomes an object, a row and a workflow execution."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from services.common.api import signed_api
from services.common.environment import Surroundings
from services.common.function import PythonFunction
from services.common.storage import log_group, private_bucket, table
from services.requests.workflow import definition

PAYLOAD_PREFIX = "requests/"
MAX_BODY_BYTES = 1024 * 1024


class RequestService(Construct):
    """Everything behind one request API.

    Attributes: api, bucket, table, state_machine, and the function behind the API.
    """

    def __init__(self, scope: Construct, construct_id: str, *, surroundings: Surroundings) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(self, "Bucket", surroundings=surroundings, name="bucket")
        self.table = table(
            self, "Table", surroundings=surroundings, name="requests", key="request_id"
        )
        self.state_machine = _state_machine(self, surroundings, self.bucket, self.table)
        self.function = self._processor(surroundings)
        self.api = signed_api(
            self,
            "Api",
            surroundings=surroundings,
            name="api",
            description="Accepts requests and tells what became of them",
        )
        self._routes()

    def _processor(self, surroundings: Surroundings) -> PythonFunction:
        processor = PythonFunction(
            self,
            "Processor",
            surroundings=surroundings,
            name="processor",
            service="requests",
            runtime="services/requests/runtime",
            handler="handler.handler",
            memory_mib=512,
            # API Gateway gives up after 29 seconds; an answer after that reaches nobody.
            timeout=cdk.Duration.seconds(28),
            environment={
                "BUCKET_NAME": self.bucket.bucket_name,
                "TABLE_NAME": self.table.table_name,
                "STATE_MACHINE_ARN": self.state_machine.state_machine_arn,
                "MAX_BODY_BYTES": str(MAX_BODY_BYTES),
                "CORS_ORIGINS": " ".join(surroundings.cors_origins),
            },
        )
        for action, resource in (
            ("s3:PutObject", self.bucket.arn_for_objects(f"{PAYLOAD_PREFIX}*")),
            ("dynamodb:PutItem", self.table.table_arn),
            ("dynamodb:GetItem", self.table.table_arn),
            ("states:StartExecution", self.state_machine.state_machine_arn),
        ):
            processor.function.add_to_role_policy(
                iam.PolicyStatement(actions=[action], resources=[resource])
            )
        return processor

    def _routes(self) -> None:
        integration = apigateway.LambdaIntegration(
            self.function.function,
            # The console's test button would need a permission of its own.
            allow_test_invoke=False,
        )
        self.api.root.add_method("POST", integration)
        request = self.api.root.add_resource("requests").add_resource("{request_id}")
        request.add_method("GET", integration)


def _state_machine(
    scope: Construct, surroundings: Surroundings, bucket: s3.Bucket, rows: dynamodb.TableV2
) -> sfn.StateMachine:
    """STANDARD: there, an execution name starts at most one execution."""
    name = surroundings.named("statemachine")
    machine = sfn.StateMachine(
        scope,
        "StateMachine",
        state_machine_name=name,
        state_machine_type=sfn.StateMachineType.STANDARD,
        definition_body=sfn.DefinitionBody.from_string(json.dumps(definition())),
        definition_substitutions={
            "TableName": rows.table_name,
            "BucketName": bucket.bucket_name,
        },
        tracing_enabled=True,
        logs=sfn.LogOptions(
            destination=log_group(
                scope,
                "WorkflowLogs",
                surroundings=surroundings,
                # Under this prefix Step Functions does not outgrow CloudWatch's limit on the
                # size of resource policies ("Logging in CloudWatch Logs").
                name=f"/aws/vendedlogs/states/{name}",
            ),
            level=sfn.LogLevel.ALL,
            # Inputs and outputs may hold what a caller sent.
            include_execution_data=False,
        ),
    )
    for action, resource in (
        ("dynamodb:UpdateItem", rows.table_arn),
        # HeadObject is authorized as s3:GetObject ("HeadObject", Amazon S3 API Reference).
        ("s3:GetObject", bucket.arn_for_objects(f"{PAYLOAD_PREFIX}*")),
    ):
        machine.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
    return machine
