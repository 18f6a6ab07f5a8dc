"""A custom resource whose function fails keeps its stack waiting for nothing.

CloudFormation invokes the function asynchronously: an error is tried again twice, and if nothing
answers, the resource fails after its `ServiceTimeout`, an hour unless it says otherwise ("Custom
resources", AWS CloudFormation User Guide; "How Lambda handles errors and retries with asynchronous
invocation", Lambda developer guide). MiniStack tries once, and waits the hour in silence. Here the
resource fails when the last attempt has, with the function's error: what AWS comes to, sooner.
"""

from __future__ import annotations

import functools
from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

_ATTEMPTS = 3
_PLACE = "/_ministack/cfn-response/"
_REASON = (
    "its function failed {attempts} times, the last with: {error}. Nobody answered, so at AWS the "
    "stack waits until the resource's ServiceTimeout is over (an hour), and fails"
)


def install() -> None:
    """Wraps the invocation; other events have no address that CloudFormation waits at."""
    original = lambda_svc._execute_function_with_config_scope

    @functools.wraps(original)
    def execute(function: dict[str, Any], event: Any) -> dict[str, Any]:
        result: dict[str, Any] = original(function, event)
        token = _token(event)
        for _ in range(_ATTEMPTS - 1):
            if not _is_over(result, token):
                result = original(function, event)
        if not _is_over(result, token):
            reason = _REASON.format(attempts=_ATTEMPTS, error=_error(result))
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    lambda_svc._execute_function_with_config_scope = execute


def _token(event: Any) -> str:
    """By which CloudFormation knows the answer; empty where it waits for none."""
    address = event.get("ResponseURL") if isinstance(event, dict) else None
    return str(address or "").partition(_PLACE)[2]


def _is_over(result: dict[str, Any], token: str) -> bool:
    """Whether the function ended well or has answered, or nobody waits."""
    with custom_resource._lock:
        waiting = custom_resource._pending.get(token)
    return not result.get("error") or waiting is None or waiting["event"].is_set()


def _error(result: dict[str, Any]) -> str:
    body = result.get("body")
    return str(body.get("errorMessage") or body) if isinstance(body, dict) else str(body)
