"""Our bootstrap template: the pinned CLI's own, with a few changes that are written down here.

What stays is CDK's: bucket, repository, role names, version. What changes is who may take the
roles, what CloudFormation may do, and which stacks the deploy role may touch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final

from accounts.bootstrap import boundary, drift, execution, previewing
from accounts.bootstrap.account import TOOLS, Account, Bootstrap
from accounts.bootstrap.statements import MAPPING, documents, sub
from assembly.templates import Resource
from assembly.text import listed, plain

EXECUTION_NAME: Final = "tap-cloudformation"

# The bootstrap's roles, CDK's and ours: the logical id by the part of the physical name.
BOOTSTRAP_ROLES: Final = {
    "deploy-role": "DeploymentActionRole",
    "file-publishing-role": "FilePublishingRole",
    "lookup-role": "LookupRole",
    previewing.PART: previewing.LOGICAL_ID,
}
# A generated role name is stack, logical id and 12 characters of chance, 64 together at most; where
# a longer one is cut is not documented, so of those only as much is taken as surely stays.
_ROLE_NAME: Final = 64
_SURELY_KEPT: Final = 40

# This system publishes no container images: it needs no place for them, nor anybody who may write
# there.
_IMAGES: Final = (
    "ContainerAssetsRepository",
    "ImagePublishingRole",
    "ImagePublishingRoleDefaultPolicy",
)
_ENDING_STACKS: Final = ("cloudformation:DeleteStack", "cloudformation:UpdateTerminationProtection")

_ORDER: Final = ("Description", "Mappings", "Parameters", "Conditions", "Resources", "Outputs")

Template = dict[str, Any]


class UnexpectedTemplateError(Exception):
    """The CLI's template is not as this module knows it; the text says where. Read it anew."""


def customise(
    original: Template,
    bootstrap: Bootstrap,
    *,
    trusted: dict[str, list[str]],
    environments: dict[str, str],
) -> Template:
    """The template of one bootstrap, from what `cdk bootstrap --show-template` prints.

    trusted: by logical id, the names of tools' roles that may take a bootstrap role from there;
    empty for the tools account itself, which trusts no other. environments: names by account id,
    empty for the tools account.
    """
    template = deepcopy(original)
    _drop_images(template)
    template["Description"] = f"CDK bootstrap, narrowed to one system: {bootstrap.name}"
    if environments:
        names = {account: {"Name": name} for account, name in environments.items()}
        template["Mappings"] = {MAPPING: names}
    variant = template["Parameters"]["BootstrapVariant"]
    # The CLI does not overwrite a stack of another variant: neither by its default template.
    variant["Default"] = f"tap: {bootstrap.name}"
    reads = _add_policies(template, bootstrap)
    for logical_id in BOOTSTRAP_ROLES.values():
        if logical_id in template["Resources"]:
            _narrow_trust(template, logical_id, trusted.get(logical_id, []))
    _narrow_deploy_role(template, bootstrap)
    if takers := trusted.get(drift.LOGICAL_ID, []):
        _add_drift_role(template, bootstrap, takers, reads)
    _drop_legacy(template)
    _drop_unused(template)
    return {key: template[key] for key in _ORDER if key in template}


def trusted_names(tools: Account, targets: Iterable[str]) -> dict[str, list[str]]:
    """By logical id of the bootstrap's role: names, with `*`, of tools' roles that may take it.

    Read from what the pipeline's roles may assume in the account ids `targets`; a bootstrap role
    that none of them takes is trusted to nobody.
    """
    accounts = tuple(f"arn:aws:iam::{target}:role/" for target in targets)
    roles = {**BOOTSTRAP_ROLES, drift.KIND: drift.LOGICAL_ID}
    result: dict[str, set[str]] = {logical_id: set() for logical_id in roles.values()}
    for role in tools.resources("AWS::IAM::Role"):
        for assumed in _assumed(tools, role):
            for part, logical_id in roles.items():
                if assumed.startswith(accounts) and f"-{part}-" in assumed:
                    result[logical_id].add(physical_name(role))
    return {logical_id: sorted(names) for logical_id, names in result.items()}


def physical_name(role: Resource) -> str:
    """The role's name, ending in `*` where CloudFormation chooses the rest."""
    if "RoleName" in role.properties:
        return str(plain(role.properties["RoleName"]))
    name = f"{role.template.name}-{role.logical_id}-"
    return f"{name}*" if len(name) + 12 <= _ROLE_NAME else f"{name[:_SURELY_KEPT]}*"


def _assumed(tools: Account, role: Resource) -> list[str]:
    documents = [policy["PolicyDocument"] for policy in role.properties.get("Policies", [])]
    documents += [
        policy.properties["PolicyDocument"]
        for policy in tools.resources("AWS::IAM::Policy")
        if {"Ref": role.logical_id} in policy.properties.get("Roles", [])
    ]
    return [
        str(plain(resource))
        for document in documents
        for statement in boundary.allowing(document)
        if "sts:AssumeRole" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def _narrow_trust(template: Template, logical_id: str, names: list[str]) -> None:
    """Keeps the account's own principals; of another account's, only these roles."""
    document = template["Resources"][logical_id]["Properties"]["AssumeRolePolicyDocument"]
    own, foreign = _split(document["Statement"], logical_id)
    narrowed = [_only_roles(each, names) for each in foreign] if names else []
    document["Statement"] = own + narrowed


def _split(statements: Iterable[Any], logical_id: str) -> tuple[list[Any], list[Any]]:
    own: list[Any] = []
    foreign: list[Any] = []
    for statement in statements:
        match statement:
            case {"Principal": {"AWS": {"Ref": "AWS::AccountId"}}}:
                own.append(statement)
            case {"Fn::If": ["HasTrustedAccounts", _, {"Ref": "AWS::NoValue"}]}:
                foreign.append(statement)
            case {"Fn::If": ["HasTrustedAccountsForLookup", _, {"Ref": "AWS::NoValue"}]}:
                continue  # Nothing is looked up from another account.
            case _:
                raise UnexpectedTemplateError(f"{logical_id} trusts in a new way: {statement}")
    return own, foreign


def _only_roles(statement: Template, names: list[str]) -> Template:
    condition, inner, otherwise = statement["Fn::If"]
    # Whose role it is, the principal says already: one of TrustedAccounts.
    arns = {"aws:PrincipalArn": [f"arn:*:iam::*:role/{name}" for name in names]}
    inner = dict(inner)
    match inner.get("Condition"):
        case None:
            inner["Condition"] = {"ArnLike": arns}
        case {"Fn::If": ["ShouldDenyExternalId", deny, {"Ref": "AWS::NoValue"}]}:
            both = [{**deny, "ArnLike": arns}, {"ArnLike": arns}]
            inner["Condition"] = {"Fn::If": ["ShouldDenyExternalId", *both]}
        case other:
            raise UnexpectedTemplateError(f"a trust has a new condition: {other}")
    return {"Fn::If": [condition, inner, otherwise]}


def _narrow_deploy_role(template: Template, bootstrap: Bootstrap) -> None:
    """Lets the deploy role touch this system's stacks and read the pipeline's artifacts, no more.

    Else it could change or delete any stack of the account, the guardrail's included. Where the
    pipeline deploys by change sets only, it can neither delete a stack nor make it deletable.
    """
    (policy,) = template["Resources"]["DeploymentActionRole"]["Properties"]["Policies"]
    by_sid = {each.get("Sid", "PassRole"): each for each in policy["PolicyDocument"]["Statement"]}
    here = "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack"
    stacks = [sub(f"{here}/{bootstrap.prefix}/*"), sub(f"{here}/{bootstrap.prefix}-*")]
    by_sid["DeployPermissions"]["Resource"] = stacks
    by_sid["CliPermissions"]["Resource"] = stacks
    by_sid["CliPermissions"]["Action"].remove("sts:GetCallerIdentity")  # Needs no permission.
    if bootstrap.name != TOOLS:
        for sid in ("DeployPermissions", "CliPermissions"):
            actions = by_sid[sid]["Action"]
            by_sid[sid]["Action"] = [each for each in actions if each not in _ENDING_STACKS]
    artifacts = by_sid["PipelineCrossAccountArtifactsBucket"]
    artifacts["Action"] = ["s3:GetObject*", "s3:GetBucket*", "s3:List*"]
    artifacts["Resource"] = {"Fn::Sub": "arn:${AWS::Partition}:s3:::tap-pipeline-*"}
    by_sid["PipelineCrossAccountArtifactsKey"]["Action"] = ["kms:Decrypt", "kms:DescribeKey"]
    del by_sid["Refactor"]
    policy["PolicyDocument"]["Statement"] = [each for each in by_sid.values() if each["Action"]]


def _drop_images(template: Template) -> None:
    for logical_id in _IMAGES:
        del template["Resources"][logical_id]
    del template["Outputs"]["ImageRepositoryName"]


def _drop_legacy(template: Template) -> None:
    """CDK's example of a boundary, which is not ours, and an ACL, which S3 ignores by default."""
    del template["Resources"]["CdkBoostrapPermissionsBoundaryPolicy"]
    del template["Resources"]["StagingBucket"]["Properties"]["AccessControl"]


def _drop_unused(template: Template) -> None:
    """Parameters and conditions that nothing refers to any more; the CLI passes none of those."""
    # The CLI reads it from the stack's parameters, so nothing in the template has to.
    template["Outputs"]["BootstrapVariant"] = {"Value": {"Ref": "BootstrapVariant"}}
    body = json.dumps([template["Resources"], template["Outputs"]])
    conditions = template["Conditions"]
    used = {name for name in conditions if f'"{name}"' in body}
    # One condition may be made of others.
    used |= {
        name for name in conditions if any(f'"{name}"' in json.dumps(conditions[u]) for u in used)
    }
    template["Conditions"] = {name: conditions[name] for name in conditions if name in used}
    body += json.dumps(template["Conditions"])
    template["Parameters"] = {
        name: parameter
        for name, parameter in template["Parameters"].items()
        if f'{{"Ref": "{name}"}}' in body or f"${{{name}}}" in body
    }


def _add_policies(template: Template, bootstrap: Bootstrap) -> list[str]:
    """Adds them; the logical ids of those that do nothing but let read settings."""
    may, most = execution.grants(bootstrap), boundary.grants(bootstrap)
    # In an environment by themselves, since another role reads settings there, too.
    apart = [s for s in may.statements if bootstrap.name != TOOLS and execution.reads_settings(s)]
    settings = documents(apart) if apart else []
    policies = [*settings, *documents([each for each in may.statements if each not in apart])]
    for number, document in enumerate(policies, start=1):
        template["Resources"][f"ExecutionPolicy{number}"] = _managed_policy(
            f"{EXECUTION_NAME}-{number}",
            "What CloudFormation may do: what our stacks need",
            document,
        )
    template["Resources"]["PermissionsBoundary"] = _managed_policy(
        execution.BOUNDARY_NAME,
        "The most that a role may do which CloudFormation creates",
        {"Version": "2012-10-17", "Statement": most.statements},
    )
    template["Conditions"] |= may.conditions | most.conditions
    reads = [f"ExecutionPolicy{number + 1}" for number in range(len(settings))]
    if bootstrap.name != TOOLS:
        previewing.add_role(template, bootstrap, reads)
    role = template["Resources"]["CloudFormationExecutionRole"]
    # It names them by ARN, as an option of the CLI, so CloudFormation cannot see the order.
    role["DependsOn"] = [f"ExecutionPolicy{number + 1}" for number in range(len(policies))]
    # Without policies the CLI's template would fall back on AdministratorAccess.
    role["Properties"]["ManagedPolicyArns"] = {"Ref": "CloudFormationExecutionPolicies"}
    del template["Parameters"]["CloudFormationExecutionPolicies"]["Default"]
    return reads


def _add_drift_role(
    template: Template, bootstrap: Bootstrap, names: list[str], reads: list[str]
) -> None:
    made, conditions = drift.role(bootstrap, names, reads)
    template["Resources"][drift.LOGICAL_ID] = made
    template["Conditions"] |= conditions


def _managed_policy(name: str, description: str, document: Template) -> Template:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": name,
            "Description": description,
            "PolicyDocument": document,
        },
    }
