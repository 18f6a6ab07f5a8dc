"""A rule of EventBridge invokes a function asynchronously, and only with the function's permission.

AWS puts the event into the function's queue, so that errors are tried again and end in its
dead-letter queue, and needs a statement for `events.amazonaws.com` in the function's policy
("Resource-based policies for EventBridge", `eb-use-resource-based.html`). MiniStack runs the
function once, whatever comes of it and whoever may. So a missing permission would show only at AWS,
and a failed event would be lost here that AWS keeps.
"""

from __future__ import annotations

import functools
import json
import logging
from typing import Any

from ministack.services import eventbridge, lambda_svc

from embedded_aws.function_policy import lets_invoke

_SERVICE = "events.amazonaws.com"
_log = logging.getLogger("embedded_aws.events")


def install() -> None:
    """Wraps the delivery to a target, which knows the rule, and replaces that to a function."""
    original = eventbridge._invoke_target

    @functools.wraps(original)
    def deliver(target: dict[str, Any], event: Any, rule: dict[str, Any], *more: Any) -> Any:
        function = str(target.get("Arn", ""))
        is_function = function.split(":")[2:3] == ["lambda"]
        if is_function and not lets_invoke(function, _SERVICE, rule["Arn"]):
            _log.warning("%s may not invoke %s: its policy lacks it", rule["Arn"], function)
            return None
        return original(target, event, rule, *more)

    eventbridge._invoke_target = deliver
    eventbridge._dispatch_to_lambda = _invoke


def _invoke(arn: str, payload: str) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        _log.warning("there is no function %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
