"""Which of the pipeline's roles may take which of the bootstrap's roles in a target account."""

from __future__ import annotations

from typing import Final

from accounts.bootstrap.assembly import Account, Resource, listed, plain
from accounts.bootstrap.boundary import allowing

# The bootstrap's roles: its template's logical id by the part of the physical name.
BOOTSTRAP_ROLES: Final = {
    "deploy-role": "DeploymentActionRole",
    "file-publishing-role": "FilePublishingRole",
    "image-publishing-role": "ImagePublishingRole",
    "lookup-role": "LookupRole",
}
# A generated role name is stack, logical id and 12 characters of chance, 64 together at most; where
# a longer one is cut is not documented, so of those only as much is taken as surely stays.
_ROLE_NAME: Final = 64
_SURELY_KEPT: Final = 40


def trusted(tools: Account, target: str) -> dict[str, list[str]]:
    """By logical id of the bootstrap's role: names, with `*`, of the roles that may take it.

    Read from what the pipeline's roles may assume in account id `target`; a bootstrap role that
    none of them takes is trusted to nobody.
    """
    result: dict[str, set[str]] = {logical_id: set() for logical_id in BOOTSTRAP_ROLES.values()}
    for role in tools.resources("AWS::IAM::Role"):
        for assumed in _assumed(tools, role):
            for part, logical_id in BOOTSTRAP_ROLES.items():
                if assumed.startswith(f"arn:aws:iam::{target}:role/") and f"-{part}-" in assumed:
                    result[logical_id].add(physical_name(role, tools.prefix))
    return {logical_id: sorted(names) for logical_id, names in result.items()}


def physical_name(role: Resource, stack: str) -> str:
    """The role's name, ending in `*` where CloudFormation chooses the rest."""
    if "RoleName" in role.properties:
        return plain(role.properties["RoleName"])
    name = f"{stack}-{role.logical_id}-"
    return f"{name}*" if len(name) + 12 <= _ROLE_NAME else f"{name[:_SURELY_KEPT]}*"


def _assumed(tools: Account, role: Resource) -> list[str]:
    documents = [policy["PolicyDocument"] for policy in role.properties.get("Policies", [])]
    documents += [
        policy.properties["PolicyDocument"]
        for policy in tools.resources("AWS::IAM::Policy")
        if {"Ref": role.logical_id} in policy.properties.get("Roles", [])
    ]
    return [
        plain(resource)
        for document in documents
        for statement in allowing(document)
        if "sts:AssumeRole" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
