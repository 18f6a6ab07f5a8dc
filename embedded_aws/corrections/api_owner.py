"""A REST API is found by its id, whoever calls; permissions are checked against its owner's ARN.

AWS resolves an API from the host name alone. Then an unsigned call to an IAM method is a 403
`MissingAuthenticationToken`, a CORS preflight is answered without a signature, and a caller from
another account needs its own policy *and* the API's resource policy ("IAM policy and resource
policy, cross-account", API Gateway developer guide, `apigateway-authorization-flow.html`).
MiniStack looks an API up in the caller's account only, so all three were a 404, and it authorized
a call against an ARN that carried the caller's account.
"""

from __future__ import annotations

from typing import Any

from ministack.core import arn
from ministack.services import apigateway, apigateway_v1


def install() -> None:
    """Replaces both look-ups (REST, HTTP) and the ARN that the front door authorizes against."""
    apigateway_v1.find_api_scope = _find_rest_api
    apigateway.find_api_scope = _find_http_api
    original = arn.execute_api_arn

    def owners_arn(region: str, account: str, api_id: str, *rest: str) -> str:
        owner = _find_rest_api(api_id) or _find_http_api(api_id) or (account, region)
        return str(original(owner[1], owner[0], api_id, *rest))

    arn.execute_api_arn = owners_arn


def _find_rest_api(api_id: str) -> tuple[str, str] | None:
    return _find(apigateway_v1._rest_apis, api_id)


def _find_http_api(api_id: str) -> tuple[str, str] | None:
    return _find(apigateway._apis, api_id)


def _find(store: Any, api_id: str) -> tuple[str, str] | None:
    """(account, region) of an API. Ids are random and so unique across accounts."""
    for (account, region, stored_id), _ in store.all_items():
        if stored_id == api_id:
            return account, region
    return None
