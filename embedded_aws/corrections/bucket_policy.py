"""A bucket policy that names a role of another account lets that role in.

MiniStack asks the policy twice: once for the principal who signed, which is right, then again as
the root of the principal's account, so that a statement for one role never matches. At AWS it does
("Bucket owner granting cross-account bucket permissions", Amazon S3 user guide,
`example-walkthroughs-managing-access-example2.html`). CDK's artifact bucket names the deploy roles
of the target accounts in exactly this way: without it no deployment can read its template.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region, request_scope
from ministack.services import s3


class Asked(NamedTuple):
    """The arguments of MiniStack's own check. `caller` is an account id, empty for nobody."""

    owner: str
    bucket: str
    key: str
    method: str
    query: dict[str, Any]
    caller: str
    headers: dict[str, str] | None = None


def install() -> None:
    """Adds the question that was left out: does the policy allow who really asks?"""
    original = s3._foreign_bucket_allows

    def allows(*asked: Any) -> bool:
        return bool(original(*asked)) or _policy_allows(Asked(*asked))

    s3._foreign_bucket_allows = allows


def _policy_allows(asked: Asked) -> bool:
    policy = s3._bucket_policies.get_scoped(asked.owner, None, asked.bucket)
    principal = _principal(asked)
    if not policy or principal is None:
        return False
    context = _context(asked, principal)
    return bool(iam_evaluator.evaluate_resource_policy(policy, context).decision == "Allow")


def _principal(asked: Asked) -> Any | None:
    """Who signed the request; None for an unknown key and for an account's root."""
    _, _, signed = (asked.headers or {}).get("authorization", "").partition("Credential=")
    principal = iam_evaluator.resolve_principal(signed.partition("/")[0], asked.caller)
    if not isinstance(principal, iam_evaluator.PrincipalInfo) or principal.type == "Root":
        return None
    return principal


def _context(asked: Asked, principal: Any) -> Any:
    name = f"{asked.bucket}/{asked.key}" if asked.key else asked.bucket
    action = f"s3:{iam_actions._s3_action(asked.method, f'/{name}', asked.query) or 'GetObject'}"
    with request_scope(asked.owner, get_region()):
        keys = iam_actions.s3_service_context(action, asked.query, f"/{name}", asked.headers or {})
    return iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=f"arn:aws:s3:::{name}",
        region=get_region(),
        service_context={key.lower(): value for key, value in keys.items()},
        principal_keys=principal.keys,
    )
