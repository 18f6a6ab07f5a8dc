"""What CloudFormation may do in an account: the policies of the bootstrap's execution role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from accounts.bootstrap import iam_actions, scope
from accounts.bootstrap.account import Account, Bootstrap
from accounts.bootstrap.corrections import SERVICE_LINKED
from accounts.bootstrap.statements import Grants, Permission, Statement, merge
from assembly.text import listed, plain

BOUNDARY_NAME: Final = "tap-permissions-boundary"
BOUNDARY_ARN: Final = f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{BOUNDARY_NAME}"

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
_LINKING: Final = "iam:CreateServiceLinkedRole"
_KEYS: Final = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey", "AWS::KMS::Alias")
# Where a service's name in resource types is not its name in addresses.
_ADDRESSED: Final = {"stepfunctions": "states"}
_SETTINGS: Final = "Settings"
_ASSETS: Final = ("s3:GetObject", "s3:GetObjectVersion")


def grants(bootstrap: Bootstrap) -> Grants:
    """Every statement of the execution role's policies: exactly what the templates need.

    A role is made only with the boundary on it, keeps it, is given only the managed policies that
    the templates name, and is passed only to the services that the templates let assume it.
    """
    return merge(bootstrap.accounts, lambda account: _permissions(account, bootstrap.prefix))


def reads_settings(statement: Statement) -> bool:
    """Whether a statement of `grants` is of nothing but reads of settings."""
    inner = statement["Fn::If"][1] if "Fn::If" in statement else statement
    return str(inner["Sid"]).startswith(_SETTINGS)


def _permissions(account: Account, prefix: str) -> Iterator[Permission]:
    needed = iam_actions.needed_actions(account)
    for action in sorted(needed):
        service = action.partition(":")[0]
        if iam_actions.reads_settings(action):
            yield Permission(_SETTINGS, action, ("*",))
        elif action in _ASSETS:
            yield Permission("Assets", action, (scope.ASSETS,))
        elif action in _BOUND or action in (_PASSING, _LINKING):
            yield from _roles(account, action, needed[action], prefix)
        elif not iam_actions.has_resources(action):
            yield Permission("Anywhere", action, ("*",))
        elif service == "kms":
            yield from _keys(action, needed[action], prefix)
        else:
            yield _ours(_sid(service), action, prefix)


def _ours(sid: str, action: str, prefix: str) -> Permission:
    return Permission(sid, action, tuple(scope.patterns(action.partition(":")[0], prefix)))


def _roles(
    account: Account, action: str, types: frozenset[str], prefix: str
) -> Iterator[Permission]:
    roles = tuple(scope.patterns("iam", prefix))
    bound = (("StringEquals", "iam:PermissionsBoundary", BOUNDARY_ARN),)
    if action == _LINKING:
        for principal in {SERVICE_LINKED[each] for each in types}:
            one_of = ("StringEquals", "iam:AWSServiceName", principal)
            yield Permission("ServiceLinkedRoles", action, (scope.LINKED_ROLES,), one_of=one_of)
    elif action == _PASSING:
        for service in trusted_services(account):
            one_of = ("StringEquals", "iam:PassedToService", service)
            yield Permission("PassRoles", action, roles, one_of=one_of)
    elif action in _ATTACHING:
        for policy in managed_policies(account):
            one_of = ("ArnEquals", "iam:PolicyARN", policy)
            yield Permission("KnownPolicies", action, roles, bound, one_of)
    else:
        yield Permission("RolesWithBoundary", action, roles, bound)


def _keys(action: str, types: frozenset[str], prefix: str) -> Iterator[Permission]:
    """Keys of our own by their ids; of any other key only the use that a service makes of it.

    Services call KMS as whoever calls them ("kms:ViaService", KMS developer guide).
    """
    if types.intersection(_KEYS):
        yield _ours("Kms", action, prefix)
    for service in sorted({each.split("::")[1].lower() for each in types.difference(_KEYS)}):
        address = f"{_ADDRESSED.get(service, service)}.${{AWS::Region}}.amazonaws.com"
        via = (("StringEquals", "kms:ViaService", address),)
        keys = tuple(scope.patterns("kms", prefix))
        yield Permission(f"KeysThrough{service.capitalize()}", action, keys, via)


def managed_policies(account: Account) -> list[str]:
    """The managed policies that the templates attach to roles, as text for `Fn::Sub`."""
    return sorted(
        {
            str(plain(arn)).replace("arn:aws:", "arn:${AWS::Partition}:")
            for role in account.resources("AWS::IAM::Role")
            for arn in role.properties.get("ManagedPolicyArns", [])
        }
    )


def trusted_services(account: Account) -> list[str]:
    """The services that the templates' roles trust."""
    principals = (
        statement["Principal"]
        for role in account.resources("AWS::IAM::Role")
        for statement in listed(role.properties["AssumeRolePolicyDocument"]["Statement"])
    )
    return sorted(
        {
            str(plain(name))
            for principal in principals
            if isinstance(principal, dict)
            for name in listed(principal.get("Service", []))
        }
    )


def _sid(service: str) -> str:
    return "".join(part.capitalize() for part in service.split("-"))
