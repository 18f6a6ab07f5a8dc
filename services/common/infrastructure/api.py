"""A REST API as every service of ours has it: signed calls only, throttled, logged without bodies.

Facts used here, by page of the API Gateway Developer Guide:
- "Set up CloudWatch logging for REST APIs": execution logs go to a log group that API Gateway
  names and would create without an end; with data tracing they would hold whole bodies.
- "Gateway response types": DEFAULT_4XX and DEFAULT_5XX stand for every type not set by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.storage import log_group

STAGE_NAME = "v1"
# The type of problems with which API Gateway itself answers.
GATEWAY_PROBLEM = "urn:tap:problem:gateway"
# Requests a second, and how many above that a burst may take.
THROTTLING_RATE = 1000
THROTTLING_BURST = 2000
# The construct of the function behind an API, in every service: gates/acknowledged.toml knows by it
# that callers get its errors themselves, so that no event of it could go to a dead-letter queue.
API_FUNCTION = "Processor"
# What a browser may send: the headers of a signature and of a body.
_SIGNED_HEADERS = (
    "Authorization",
    "Content-Type",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
)


def signed_api(
    scope: Construct,
    construct_id: str,
    *,
    environment: EnvironmentSettings,
    name: str,
    description: str,
    request_headers: Sequence[str] = (),
    response_headers: Sequence[str] = (),
) -> apigateway.RestApi:
    """An API without methods, to which `api.root.add_method(...)` adds IAM-authorized ones.

    name: after the environment, e.g. "api". request_headers, response_headers: those of this API
    that browser pages may send and read, besides the ones that a signed call has.

    Preflights are answered for the environment's origins and are the only calls that need no
    signature, because browsers cannot sign them.
    """
    access_logs = log_group(
        scope,
        f"{construct_id}AccessLogs",
        environment=environment,
        name=f"/aws/apigateway/{environment.named(name)}",
    )
    api = apigateway.RestApi(
        scope,
        construct_id,
        rest_api_name=environment.named(name),
        description=description,
        endpoint_types=[apigateway.EndpointType.REGIONAL],
        # The account's role for API Gateway's logs belongs to the environment, see TapStack.
        cloud_watch_role=False,
        default_method_options=apigateway.MethodOptions(
            authorization_type=apigateway.AuthorizationType.IAM
        ),
        default_cors_preflight_options=apigateway.CorsOptions(
            allow_origins=list(environment.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=sorted({*_SIGNED_HEADERS, *request_headers}),
            expose_headers=list(response_headers) or None,
            max_age=cdk.Duration.hours(1),
        ),
        deploy_options=apigateway.StageOptions(
            stage_name=STAGE_NAME,
            throttling_rate_limit=THROTTLING_RATE,
            throttling_burst_limit=THROTTLING_BURST,
            access_log_destination=apigateway.LogGroupLogDestination(access_logs),
            access_log_format=_access_log_format(),
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            data_trace_enabled=False,
            metrics_enabled=True,
            tracing_enabled=True,
        ),
    )
    # The stack names its outputs itself; this one would repeat one of them under a hashed name.
    api.node.try_remove_child("Endpoint")
    _own_execution_logs(api, environment)
    _answer_refusals_as_problems(api)
    return api


def integration(api: apigateway.RestApi, function: lambda_.Alias) -> apigateway.Integration:
    """Lets the API invoke a function by its alias, and hands it whole calls.

    One permission for the API's own stage, there before the stage leads to the function: with the
    CDK's own integration it would come after, and calls in between would fail.
    """
    stack = cdk.Stack.of(api)
    function.add_permission(
        "Api",
        principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
        source_arn=stack.format_arn(
            service="execute-api", resource=api.rest_api_id, resource_name=f"{STAGE_NAME}/*/*"
        ),
    )
    api.deployment_stage.node.add_dependency(function)
    uri = f"lambda:path/2015-03-31/functions/{function.function_arn}/invocations"
    return apigateway.Integration(
        type=apigateway.IntegrationType.AWS_PROXY,
        integration_http_method="POST",
        uri=f"arn:{stack.partition}:apigateway:{stack.region}:{uri}",
    )


def _own_execution_logs(api: apigateway.RestApi, environment: EnvironmentSettings) -> logs.LogGroup:
    group = log_group(
        api,
        "ExecutionLogs",
        environment=environment,
        name=f"API-Gateway-Execution-Logs_{api.rest_api_id}/{STAGE_NAME}",
    )
    api.deployment_stage.node.add_dependency(group)
    return group


def refusal_template() -> str:
    """The body of what API Gateway answers itself; its variables are filled in a call at a time."""
    return (
        f'{{"type":"{GATEWAY_PROBLEM}","title":$context.error.messageString,'
        '"code":"$context.error.responseType","request_id":"$context.requestId"}'
    )


def _answer_refusals_as_problems(api: apigateway.RestApi) -> None:
    """What API Gateway refuses itself (unsigned, throttled, ...) reads like our own errors."""
    for kind in (apigateway.ResponseType.DEFAULT_4_XX, apigateway.ResponseType.DEFAULT_5_XX):
        api.add_gateway_response(
            f"Refusal{kind.response_type}",
            type=kind,
            response_headers={"Content-Type": "'application/problem+json'"},
            templates={"application/json": refusal_template()},
        )


def _access_log_format() -> apigateway.AccessLogFormat:
    """One JSON line a call: who, what, how it ended and how long it took; no headers, no bodies."""
    context = {
        "request_id": "requestId",
        "extended_request_id": "extendedRequestId",
        "time": "requestTimeEpoch",
        "caller": "identity.userArn",
        "source_ip": "identity.sourceIp",
        "method": "httpMethod",
        "resource": "resourcePath",
        "status": "status",
        "latency_ms": "responseLatency",
        "integration_latency_ms": "integrationLatency",
        "integration_status": "integration.status",
        "error": "error.responseType",
        "trace": "xrayTraceId",
    }
    return apigateway.AccessLogFormat.custom(
        json.dumps({field: f"$context.{variable}" for field, variable in context.items()})
    )


class ApiGatewayLogging(Construct):
    """Lets API Gateway write logs in this account: one role, one setting for account and region.

    Source: "Permissions for CloudWatch logging", API Gateway Developer Guide.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                )
            ],
        )
        self.setting = apigateway.CfnAccount(self, "Setting", cloud_watch_role_arn=role.role_arn)
