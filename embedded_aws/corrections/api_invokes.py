"""API Gateway needs the function's permission to invoke it.

AWS answers 500 "Internal server error" when the function's resource policy does not let
`apigateway.amazonaws.com` invoke it for the called method's ARN ("Permissions for API Gateway to
invoke Lambda", `AWS::Lambda::Permission`). MiniStack invokes whatever an integration names, so a
missing or too narrow permission would show only at AWS.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.core import arn, iam_evaluator
from ministack.services import apigateway_v1, lambda_svc

_SERVICE = "apigateway.amazonaws.com"


def install() -> None:
    """Wraps the proxy integration; one with a role of its own (`credentials`) is left alone."""
    original = apigateway_v1._invoke_lambda_proxy_v1

    @functools.wraps(original)
    async def invoke(integration: dict[str, Any], *request: Any, **options: Any) -> Any:
        api_id, stage, _, resource, _, method = request[:6]
        function = apigateway_v1._extract_lambda_ref_from_integration_uri(integration["uri"])
        owner = options["owner_region"], options["owner_account_id"]
        source = arn.execute_api_arn(*owner, api_id, stage, method, resource["path"])
        if not integration.get("credentials") and not _permitted(function, source):
            return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await original(integration, *request, **options)

    apigateway_v1._invoke_lambda_proxy_v1 = invoke


def _permitted(function_arn: str, source_arn: str) -> bool:
    """Whether the function's policy lets API Gateway invoke it for this method."""
    policy = lambda_svc.function_policy_for_arn(function_arn)
    if policy is None:
        return True  # no such function: the integration itself answers that
    region, account = source_arn.split(":")[3:5]
    context = iam_evaluator.EvalContext(
        principal_arn=_SERVICE,
        principal_type="Service",
        principal_account=account,
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=region,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": account},
    )
    verdict = iam_evaluator.evaluate_resource_policy(policy[0], context, service=_SERVICE)
    return bool(verdict.decision == "Allow")
