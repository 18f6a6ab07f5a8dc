"""Who may do what on what, as a template grants it: one grant for each such triple.

Read are inline and managed policies, trust policies, the policies of resources, and functions'
permissions. A statement with NotAction, NotResource or NotPrincipal grants what cannot be listed:
it is kept whole, as one grant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from assembly.text import listed, plain

_NEGATED: Final = ("NotAction", "NotResource", "NotPrincipal")
_IDENTITIES: Final = ("Roles", "Users", "Groups")
# Where the policy of a resource stands, and what names the resource.
_OF_RESOURCES: Final = {
    "AWS::ECR::Repository": ("RepositoryPolicyText", ""),
    "AWS::KMS::Key": ("KeyPolicy", ""),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy", "SecretId"),
}


@dataclass(frozen=True)
class Grant:
    """effect: Allow or Deny. condition: as JSON, "" without one. Wildcards as IAM has them.

    holder: whose policy says so, an identity or a resource.
    """

    effect: str
    who: str
    action: str
    resource: str
    condition: str = ""
    holder: str = field(default="", compare=False)

    def covers(self, other: Grant) -> bool:
        """Whether whoever has this gains nothing by the other; False when that is not clear."""
        return (
            self.effect == other.effect
            and self.who in ("*", other.who)
            and fnmatchcase(other.action.lower(), self.action.lower())
            and fnmatchcase(other.resource, self.resource.replace("[", "[[]"))
            and self.condition in ("", other.condition)
        )


def of_template(template: Mapping[str, Any]) -> set[Grant]:
    """Every grant in a template."""
    return {
        grant
        for logical_id, resource in template.get("Resources", {}).items()
        for grant in _of_resource(logical_id, resource, template)
    }


def holders(template: Mapping[str, Any]) -> set[str]:
    """Everything that could have a policy, by the name that grants know it by."""
    return {_named(logical_id, template) for logical_id in template.get("Resources", {})}


def boundaries(template: Mapping[str, Any]) -> dict[str, str]:
    """The permissions boundary of each identity that has one."""
    return {
        _named(logical_id, template): str(plain(resource["Properties"]["PermissionsBoundary"]))
        for logical_id, resource in template.get("Resources", {}).items()
        if "PermissionsBoundary" in (resource.get("Properties") or {})
    }


def _of_resource(
    logical_id: str, resource: Mapping[str, Any], template: Mapping[str, Any]
) -> Iterator[Grant]:
    properties = resource.get("Properties") or {}
    kind = resource.get("Type", "")
    myself = _named(logical_id, template)
    if kind in ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        yield from _of_identity(myself, properties)
    elif kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        named = [each for key in _IDENTITIES for each in listed(properties.get(key))]
        named += listed(properties.get("RoleName"))
        for who in named or [{"Ref": logical_id}]:
            yield from _statements(_reference(who, template), properties.get("PolicyDocument"))
    elif kind == "AWS::Lambda::Permission":
        yield _permission(properties, template)
    elif kind in _OF_RESOURCES:
        key, name = _OF_RESOURCES[kind]
        about = [_reference(each, template) for each in listed(properties.get(name))] or [myself]
        for each in about:
            yield from _statements("", properties.get(key), each)


def _of_identity(myself: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    for policy in listed(properties.get("Policies")):
        yield from _statements(myself, policy.get("PolicyDocument"))
    for arn in listed(properties.get("ManagedPolicyArns")):
        yield Grant("Allow", myself, f"whatever {plain(arn)} allows", "*")
    for grant in _statements("", properties.get("AssumeRolePolicyDocument"), f"the role {myself}"):
        yield replace(grant, holder=myself)


def _permission(properties: Mapping[str, Any], template: Mapping[str, Any]) -> Grant:
    limits = {
        key: plain(properties[key])
        for key in ("SourceArn", "SourceAccount", "PrincipalOrgID", "FunctionUrlAuthType")
        if key in properties
    }
    return Grant(
        "Allow",
        str(plain(properties.get("Principal"))),
        str(properties.get("Action")),
        _reference(properties.get("FunctionName"), template),
        json.dumps(limits, sort_keys=True) if limits else "",
    )


def _statements(who: str, document: Any, about: str = "") -> Iterator[Grant]:
    """who: whose policy it is, "" for one of a resource, which names its principals.

    about: the resource that has the policy.
    """
    for statement in listed((document or {}).get("Statement")):
        effect = statement.get("Effect", "Allow")
        condition = _canonical(statement["Condition"]) if statement.get("Condition") else ""
        whole = {key: plain(value) for key, value in statement.items() if key != "Sid"}
        if any(key in statement for key in _NEGATED):
            says = f"what {_canonical(whole)} says"
            yield Grant(effect, who or "somebody", says, about or "*", holder=who or about)
            continue
        principals = [who] if who else list(_principals(statement.get("Principal")))
        resources = [str(plain(e)) for e in listed(statement.get("Resource"))] or [about]
        resources = [about if each == "*" and about else each for each in resources]
        yield from (
            Grant(effect, principal, str(action), resource, condition, who or about)
            for principal in principals
            for action in listed(statement.get("Action"))
            for resource in resources
        )


def _principals(principal: Any) -> Iterator[str]:
    if not isinstance(principal, dict):
        yield str(plain(principal))
        return
    if any(key.startswith("Fn::") or key == "Ref" for key in principal):
        yield str(plain(principal))
        return
    for kind, values in principal.items():
        for value in listed(values):
            text = str(plain(value))
            yield text if text == "*" or kind == "Service" else f"{kind} {text}"


def _reference(value: Any, template: Mapping[str, Any]) -> str:
    """A resource by the name it has, so that another logical id is not another one."""
    match value:
        case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), *_]}:
            return _named(logical_id, template)
    return str(plain(value))


_NAMES: Final = ("RoleName", "UserName", "GroupName", "ManagedPolicyName", "FunctionName",
                 "BucketName", "QueueName", "TopicName")  # fmt: skip


def _named(logical_id: str, template: Mapping[str, Any]) -> str:
    properties = template.get("Resources", {}).get(logical_id, {}).get("Properties") or {}
    names = [plain(properties[key]) for key in _NAMES if key in properties]
    return names[0] if names and isinstance(names[0], str) else f"<{logical_id}>"


def _canonical(value: Any) -> str:
    """Equal for what means the same: keys in order, lists without one."""

    def sorted_(each: Any) -> Any:
        if isinstance(each, dict):
            return {key: sorted_(value) for key, value in each.items()}
        if isinstance(each, list):
            return sorted(
                (sorted_(one) for one in each), key=lambda one: json.dumps(one, sort_keys=True)
            )
        return each

    return json.dumps(sorted_(plain(value)), sort_keys=True)
