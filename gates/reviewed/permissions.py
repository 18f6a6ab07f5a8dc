"""Who may do what, as lines that a person reads in a diff: each right of a role or policy is one.

trusted by  sts:AssumeRole  Service codebuild.amazonaws.com
allow       sts:AssumeRole  arn:aws:iam::222222222222:role/tap-dev-smoke
"""

from __future__ import annotations

from typing import Any

from assembly.templates import Resource
from assembly.text import listed
from gates.reviewed.blocks import shown
from gates.reviewed.names import Names
from gates.shape.roles import POLICIES, statements


def rights_of_role(role: Resource, names: Names) -> list[str]:
    """Trust, managed policies, and every statement of its own and of policies attached to it."""
    resolver = names.resolver(role.template)
    properties = resolver.of(role.properties)
    trust = rights(properties.get("AssumeRolePolicyDocument"))
    lines = [line.replace("allow  ", "trusted by", 1) for line in trust]
    lines += [f"managed     {arn}" for arn in listed(properties.get("ManagedPolicyArns"))]
    documents = [each.get("PolicyDocument", each) for each in listed(properties.get("Policies"))]
    for policy in role.template.resources(*POLICIES):
        if _who(policy, names) & {f"<{names.of(role)}>", properties.get("RoleName")}:
            documents.append(resolver.of(policy.properties.get("PolicyDocument")))
    return sorted({*lines, *(line for each in documents for line in rights(each))})


def is_of_roles_here(policy: Resource, names: Names) -> bool:
    """Is all that the policy says among the rights of roles of its template?"""
    roles = list(policy.template.resources("AWS::IAM::Role"))
    made = {f"<{names.of(role)}>" for role in roles}
    made |= {str(role.properties["RoleName"]) for role in roles if "RoleName" in role.properties}
    others = {"Users", "Groups"} & set(policy.properties)
    who = _who(policy, names)
    return bool(who) and who <= made and not others


def _who(policy: Resource, names: Names) -> set[str]:
    properties = names.resolver(policy.template).of(policy.properties)
    return {str(e) for e in [*listed(properties.get("Roles")), *listed(properties.get("RoleName"))]}


def rights(document: Any) -> list[str]:
    """One line for each action on each resource or by each principal; conditions at its end."""
    lines: set[str] = set()
    for statement in statements(document):
        if not isinstance(statement, dict) or "Effect" not in statement:
            # An expression in place of a statement: it is shown as it stands, and never left out.
            lines.add(shown(statement))
            continue
        effect = f"{str(statement['Effect']).lower():<7}"
        excepted = [key for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement]
        conditions = f"  if {shown(statement['Condition'])}" if "Condition" in statement else ""
        for action in listed(statement.get("Action", statement.get("NotAction"))):
            for subject in _subjects(statement):
                words = [effect, *excepted, str(action), subject]
                lines.add("  ".join(word for word in words if word) + conditions)
    return sorted(lines)


def _subjects(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, dict):
        who = [f"{kind} {each}" for kind, value in principal.items() for each in listed(value)]
    else:
        who = [str(principal)] if principal else [""]
    what = listed(statement.get("Resource", statement.get("NotResource"))) or [""]
    return [shown("  ".join(filter(None, (w, str(r))))) for w in who for r in what]
