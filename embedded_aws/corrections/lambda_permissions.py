"""What it takes to use an alias: the alias's own operations, and its own ARN.

AWS authorizes `GetAlias`, `UpdateAlias` and `DeleteAlias` under their names, on the function, and
`Invoke` with a `Qualifier` on the qualified ARN, so that a policy may allow an alias and nothing
else ("Actions, resources, and condition keys for AWS Lambda", service authorization reference).
MiniStack takes them for `ListAliases`, and looks at the function's ARN whatever is invoked: a role
made for AWS would be refused here, and one that AWS refuses would do.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions

_ALIAS = {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}
_INVOKE = "/invocations"


def install() -> None:
    """Wraps where an action, and where a resource, is read from a request."""
    action, resource = iam_actions._lambda_action, iam_actions.extract_resource_arn

    @functools.wraps(action)
    def action_of(method: str, path: str) -> Any:
        parts = path.strip("/").split("/")
        named = parts[-2:-1] == ["aliases"] and "functions" in parts
        return (named and _ALIAS.get(method)) or action(method, path)

    @functools.wraps(resource)
    def resource_of(service: str, method: str, path: str, *request: Any) -> Any:
        found = resource(service, method, path, *request)
        qualifier = _qualifier(request[2]) if service == "lambda" and _INVOKE in path else ""
        return f"{found}:{qualifier}" if qualifier else found

    iam_actions._lambda_action = action_of
    iam_actions.extract_resource_arn = resource_of


def _qualifier(query: Mapping[str, Any]) -> str:
    value = query.get("Qualifier", "")
    return str(value[0] if isinstance(value, list) else value)
