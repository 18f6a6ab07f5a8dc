"""Who may do what on what, as a template grants it: one grant for each such triple.

Read are inline and managed policies, trust policies, every policy that a resource has, functions'
permissions, and what is open to everybody. A statement with NotAction, NotResource or NotPrincipal
grants what cannot be listed: it is kept whole, as one grant. What stands under a condition of the
template (Fn::If) counts in each case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from assembly.text import listed, plain
from promotion.names import named, referred

_NEGATED: Final = ("NotAction", "NotResource", "NotPrincipal")
_IDENTITIES: Final = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
# Policies of identities that stand beside them, and whose they are.
_OF_IDENTITIES: Final = {
    "AWS::IAM::GroupPolicy": ("GroupName",),
    "AWS::IAM::ManagedPolicy": ("Roles", "Users", "Groups"),
    "AWS::IAM::Policy": ("Roles", "Users", "Groups"),
    "AWS::IAM::RolePolicy": ("RoleName",),
    "AWS::IAM::UserPolicy": ("UserName",),
}
# Policies of resources that stand beside them, and what names the resource. Other resources have
# their policies in themselves.
_OF_RESOURCES: Final = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
}
# What asks nobody who they are, when a property says so. A preflight (OPTIONS) cannot be signed.
_OPEN: Final = {
    "AWS::ApiGateway::Method": ("AuthorizationType", "execute-api:Invoke"),
    "AWS::ApiGatewayV2::Route": ("AuthorizationType", "execute-api:Invoke"),
    "AWS::Lambda::Url": ("AuthType", "lambda:InvokeFunctionUrl"),
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


def _of_resource(
    logical_id: str, resource: Mapping[str, Any], template: Mapping[str, Any]
) -> Iterator[Grant]:
    properties = resource.get("Properties") or {}
    kind = resource.get("Type", "")
    myself = named(logical_id, template)
    if kind in _IDENTITIES:
        yield from _of_identity(myself, properties)
    elif kind in _OF_IDENTITIES:
        whose = [each for key in _OF_IDENTITIES[kind] for each in _each(properties.get(key))]
        for who in whose or [{"Ref": logical_id}]:
            yield from _statements(referred(who, template), properties.get("PolicyDocument"))
    elif kind == "AWS::Lambda::Permission":
        yield _permission(properties, template)
    else:
        about = _each(properties.get(_OF_RESOURCES.get(kind, "")))
        for each in [referred(one, template) for one in about] or [myself]:
            for value in properties.values():
                if isinstance(value, dict) and "Statement" in value:
                    yield from _statements("", value, each)
        yield from _open(kind, myself, properties)


def _of_identity(myself: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    for policy in _each(properties.get("Policies")):
        yield from _statements(myself, policy.get("PolicyDocument"))
    for arn in _each(properties.get("ManagedPolicyArns")):
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
        referred(properties.get("FunctionName"), template),
        canonical(limits) if limits else "",
    )


def _open(kind: str, myself: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    if kind in _OPEN:
        key, action = _OPEN[kind]
        if properties.get(key, "NONE") == "NONE" and properties.get("HttpMethod") != "OPTIONS":
            yield Grant("Allow", "*", action, myself)


def _statements(who: str, document: Any, about: str = "") -> Iterator[Grant]:
    """who: whose policy it is, "" for one of a resource, which names its principals.

    about: the resource that has the policy.
    """
    if not isinstance(document, dict):
        if document is not None:
            yield Grant("Allow", who or "somebody", f"what {document} says", about or "*")
        return
    for statement in _each(document.get("Statement")):
        effect = statement.get("Effect", "Allow")
        condition = canonical(statement["Condition"]) if statement.get("Condition") else ""
        if any(key in statement for key in _NEGATED):
            whole = canonical({key: value for key, value in statement.items() if key != "Sid"})
            says = f"what {whole} says"
            yield Grant(effect, who or "somebody", says, about or "*", holder=who or about)
            continue
        principals = [who] if who else list(_principals(statement.get("Principal")))
        resources = [str(plain(e)) for e in _each(statement.get("Resource"))] or [about]
        resources = [about if each == "*" and about else each for each in resources]
        yield from (
            Grant(effect, principal, str(plain(action)), resource, condition, who or about)
            for principal in principals
            for action in _each(statement.get("Action"))
            for resource in resources
        )


def _principals(principal: Any) -> Iterator[str]:
    for each in _each(principal):
        if not isinstance(each, dict) or any(key in ("Ref", *_FUNCTIONS) for key in each):
            yield str(plain(each))
            continue
        for kind, values in each.items():
            for value in _each(values):
                text = str(plain(value))
                yield text if text == "*" or kind == "Service" else f"{kind} {text}"


_FUNCTIONS: Final = ("Fn::GetAtt", "Fn::Join", "Fn::Sub", "Fn::ImportValue", "Fn::Select")
_NO_VALUE: Final = {"Ref": "AWS::NoValue"}


def _each(value: Any) -> Iterator[Any]:
    """What stands alone or in a list, in every case of a condition."""
    for item in listed(value):
        if isinstance(item, dict) and "Fn::If" in item:
            for case in item["Fn::If"][1:]:
                yield from _each(case)
        elif item != _NO_VALUE:
            yield item


def canonical(value: Any) -> str:
    """As JSON, equal for what means the same: keys in order, lists without one."""
    return json.dumps(_sorted(plain(value)), sort_keys=True)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda each: json.dumps(each, sort_keys=True))
    return value
