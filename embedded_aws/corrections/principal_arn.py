"""`aws:PrincipalArn` of who acts as a role is the role's ARN, not the session's.

AWS compares the key with "the ARN of the role, not the ARN of the user that assumed the role"
("AWS global condition context keys", IAM user guide). MiniStack compares it with the session's,
`arn:aws:sts::…:assumed-role/<role>/<session>`. A role that trusts, of another account,
exactly the roles that this key names would trust nobody: a pipeline could not deploy to an account
whose roles are so narrow.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam


def install() -> None:
    """Wraps the look-up of condition keys; all others are resolved as before."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_with_role(key: str, context: Any) -> Any:
        value = resolve(key, context)
        return _role_arn(value) if key.lower() == "aws:principalarn" else value

    iam_evaluator._resolve_condition_key = resolve_with_role


def _role_arn(principal_arn: str) -> str:
    """The role's ARN, its path included; what is no session of a role is answered as it is."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    account = principal_arn.split(":")[4]
    name = principal_arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name) or {}
    return str(role.get("Arn", principal_arn))
