"""API Gateway needs the function's permission to invoke it.

AWS answers 500 "Internal server error" when the function's resource policy does not let
`apigateway.amazonaws.com` invoke it for the called method's ARN ("Permissions for API Gateway to
invoke Lambda", `AWS::Lambda::Permission`). MiniStack invokes whatever an integration names, so a
missing or too narrow permission would show only at AWS.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.core import arn
from ministack.services import apigateway_v1

from embedded_aws.function_policy import lets_invoke

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
        if not integration.get("credentials") and not lets_invoke(function, _SERVICE, source):
            return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await original(integration, *request, **options)

    apigateway_v1._invoke_lambda_proxy_v1 = invoke
