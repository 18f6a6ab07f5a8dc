"""The reviewed snapshot of permissions: who may do what, as text that a person reads in a diff.

One block a role or resource policy, one line a right, sorted:

    tap-pipeline / role tap-pipeline-smoke-dev
      trusted by  sts:AssumeRole  Service codebuild.amazonaws.com
      allow       sts:AssumeRole  arn:aws:iam::222222222222:role/tap-dev-smoke
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.templates import Template
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.reviewed.names import Names
from gates.shape.roles import POLICIES, RESOURCE_POLICIES, Role, roles, statements

HEADER = """\
# Who may do what, of everything this repository deploys. Reviewed: a change here is a change of
# permissions. Written by `make accept`.
"""


def render(delivery: Delivery) -> str:
    """The snapshot of an assembly and of what stands beside it, ending in a newline."""
    blocks = sorted(
        f"{_title(template)} / {name}\n" + "".join(f"  {line}\n" for line in sorted(lines))
        for template in delivery.templates
        for name, lines in _grants(template)
    )
    return HEADER + "\n" + "\n".join(blocks)


def _grants(template: Template) -> Iterator[tuple[str, list[str]]]:
    names = Names(template)
    for role in roles(template):
        yield f"role {names.of(role.logical_id)}", _role_lines(role, names)
    for each in template.resources(*RESOURCE_POLICIES):
        lines = _lines(statements(each.properties.get(RESOURCE_POLICIES[each.type])), names)
        if lines:
            yield f"{each.type} {names.of(each.logical_id)}", lines
    for each in template.resources("AWS::Lambda::Permission"):
        yield f"{each.type} {each.logical_id}", [names.flat(plain(each.properties))]
    yield from _unattached(template, names)


def _unattached(template: Template, names: Names) -> Iterator[tuple[str, list[str]]]:
    """Policies for roles that the stack does not make: their rights would be seen nowhere else."""
    made = {f"<{role.logical_id}>" for role in roles(template)}
    for each in template.resources(*POLICIES):
        body = plain(each.properties)
        attached = {*listed(body.get("Roles")), *listed(body.get("RoleName"))}
        others = sorted(str(name) for name in attached - made)
        if others or not attached:
            lines = _lines(statements(body.get("PolicyDocument")), names)
            whose = f" of {', '.join(others)}" if others else ""
            yield f"{each.type} {each.logical_id}{whose}", lines


def _role_lines(role: Role, names: Names) -> list[str]:
    lines = [line.replace("allow  ", "trusted by", 1) for line in _lines(role.trust, names)]
    lines += [f"managed     {arn}" for arn in role.managed]
    boundary = role.properties.get("PermissionsBoundary")
    if boundary is not None:
        lines.append(f"boundary    {names.readable(plain(boundary))}")
    return lines + _lines(role.statements, names)


def _lines(found: list[dict[str, Any]], names: Names) -> list[str]:
    """One line for each action on each resource or by each principal."""
    lines: set[str] = set()
    for statement in found:
        if "Effect" not in statement:
            # An expression in place of a statement: it is shown as it stands, and never left out.
            lines.add(names.flat(statement))
            continue
        effect = f"{str(statement['Effect']).lower():<7}"
        excepted = [key for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement]
        conditions = (
            f"  if {names.flat(statement['Condition'])}" if "Condition" in statement else ""
        )
        for action in listed(statement.get("Action", statement.get("NotAction"))):
            for subject in _subjects(statement, names):
                words = [effect, *excepted, str(action), subject]
                lines.add("  ".join(word for word in words if word) + conditions)
    return sorted(lines)


def _subjects(statement: dict[str, Any], names: Names) -> list[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, dict):
        who = [f"{kind} {each}" for kind, value in principal.items() for each in listed(value)]
    else:
        who = [str(principal)] if principal else [""]
    what = listed(statement.get("Resource", statement.get("NotResource"))) or [""]
    return [names.readable("  ".join(filter(None, (w, str(r))))) for w in who for r in what]


def _title(template: Template) -> str:
    """The stack's name; of what stands beside the assembly, folder and name of the file."""
    if template.stack:
        return template.name
    *folders, file = template.file.split("/")
    return " ".join([*folders[-1:], file.partition(".")[0]])
