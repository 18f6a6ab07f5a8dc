"""What CloudFormation may do in an account: the policies of the bootstrap's execution role."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from accounts.bootstrap import iam_actions, scope
from accounts.bootstrap.assembly import Account, listed, plain
from accounts.bootstrap.needs import needed_actions

BOUNDARY_ARN: Final = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/tap-permissions-boundary"
# IAM and STS quotas, "IAM entity character limits": without white space. Placeholders may grow.
POLICY_LIMIT: Final = 6144
_MARGIN: Final = 300

# These carry the condition key iam:PermissionsBoundary (Service Authorization Reference, IAM).
_BOUND: Final = frozenset(
    f"iam:{name}"
    for name in (
        "AttachRolePolicy",
        "CreateRole",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
    )
)
_ATTACHING: Final = frozenset({"iam:AttachRolePolicy", "iam:DetachRolePolicy"})
_PASSING: Final = "iam:PassRole"

Statement = dict[str, Any]


def statements(account: Account) -> list[Statement]:
    """Every statement of the execution role's policies: exactly what the templates need.

    A role is made only with the boundary on it, keeps it, is given only the managed policies that
    the templates name, and is passed only to the services that the templates let assume it.
    """
    needed = set(needed_actions(account))
    conditional = _BOUND | {_PASSING}
    result = list(_by_service(account, needed - conditional))
    result += _roles(account, needed)
    if "s3:GetObject" in needed:
        result.append(_allow("Assets", ["s3:GetObject"], [scope.ASSETS]))
    anywhere = sorted(action for action in needed if not iam_actions.has_resources(action))
    result.append(_allow("Anywhere", anywhere, ["*"]))
    return [statement for statement in result if statement["Action"]]


def _by_service(account: Account, actions: Iterable[str]) -> Iterable[Statement]:
    services: dict[str, list[str]] = defaultdict(list)
    for action in sorted(actions):
        if iam_actions.has_resources(action) and action != "s3:GetObject":
            services[action.partition(":")[0]].append(action)
    for service, named in sorted(services.items()):
        sid = "".join(part.capitalize() for part in service.split("-"))
        yield _allow(sid, named, scope.patterns(service, account.prefix))


def _roles(account: Account, needed: set[str]) -> list[Statement]:
    roles = scope.patterns("iam", account.prefix)
    bound = {"StringEquals": {"iam:PermissionsBoundary": _sub(BOUNDARY_ARN)}}
    attached = {"ArnEquals": {"iam:PolicyARN": managed_policies(account)}}
    passed = {"StringEquals": {"iam:PassedToService": trusted_services(account)}}
    changing = sorted(needed & (_BOUND - _ATTACHING))
    result = [_allow("RolesWithBoundary", changing, roles) | {"Condition": bound}]
    if managed_policies(account):
        attaching = sorted(needed & _ATTACHING)
        both = bound | attached
        result.append(_allow("KnownPolicies", attaching, roles) | {"Condition": both})
    if _PASSING in needed:
        result.append(_allow("PassRoles", [_PASSING], roles) | {"Condition": passed})
    return result


def managed_policies(account: Account) -> list[Any]:
    """The managed policies that the templates attach to roles, as `Fn::Sub`."""
    arns = {
        plain(arn).replace("arn:aws:", "arn:${AWS::Partition}:")
        for role in account.resources("AWS::IAM::Role")
        for arn in role.properties.get("ManagedPolicyArns", [])
    }
    return [_sub(arn) for arn in sorted(arns)]


def trusted_services(account: Account) -> list[str]:
    """The services that the templates' roles trust."""
    principals = (
        statement["Principal"]
        for role in account.resources("AWS::IAM::Role")
        for statement in listed(role.properties["AssumeRolePolicyDocument"]["Statement"])
    )
    return sorted(
        {
            plain(name)
            for principal in principals
            if isinstance(principal, dict)
            for name in listed(principal.get("Service", []))
        }
    )


def documents(wanted: list[Statement]) -> list[dict[str, Any]]:
    """The statements in as few policies as their size allows."""
    packed: list[list[Statement]] = [[]]
    for statement in wanted:
        if size([*packed[-1], statement]) > POLICY_LIMIT - _MARGIN:
            packed.append([])
        packed[-1].append(statement)
    return [{"Version": "2012-10-17", "Statement": each} for each in packed]


def size(wanted: list[Statement]) -> int:
    """Characters of a policy as IAM counts them, roughly: placeholders count as they stand."""
    return len(json.dumps({"Version": "2012-10-17", "Statement": wanted}, separators=(",", ":")))


def _allow(sid: str, actions: list[str], resources: list[str]) -> Statement:
    targets = [each if each == "*" else _sub(each) for each in resources]
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": targets if len(targets) > 1 else targets[0],
    }


def _sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}
