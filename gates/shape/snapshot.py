"""The reviewed snapshot of permissions: who may do what, as text that a person reads in a diff.

One block a role or resource policy, one line a right, sorted:

    tap-pipeline / role tap-pipeline-smoke-dev
      trusted by  sts:AssumeRole  Service codebuild.amazonaws.com
      allow       sts:AssumeRole  arn:aws:iam::222222222222:role/tap-dev-smoke
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

from assembly.pipeline import Delivery, Stack
from assembly.plain import listed, plain
from gates.shape.permissions import POLICIES, RESOURCE_POLICIES, Role, roles, statements
from gates.shape.violation import Violation

UPDATE = "make iam"
HEADER = f"""\
# Who may do what, of everything this repository deploys. Reviewed: a change here is a change of
# permissions. Written by `{UPDATE}`.
"""


def permissions_were_reviewed(delivery: Delivery) -> Iterator[Violation]:
    """Every role and resource policy is, line by line, as in the reviewed snapshot."""
    reviewed, found = _blocks(delivery.reviewed), _blocks(render(delivery))
    for title in sorted({*reviewed, *found}):
        diff = difflib.ndiff(reviewed.get(title, []), found.get(title, []))
        changed = [line.rstrip() for line in diff if line[0] in "+-"]
        if changed or (title in reviewed) != (title in found):
            how = "differs from" if title in reviewed else "is not in"
            yield Violation(
                title,
                "\n".join([f"{how} the reviewed snapshot", *changed]),
                f"take it back, or run `{UPDATE}` and have the difference reviewed",
            )


def _blocks(snapshot: str) -> dict[str, list[str]]:
    """The lines of each block by its title."""
    blocks = [block.splitlines() for block in snapshot.split("\n\n")[1:]]
    return {lines[0]: [line.strip() for line in lines[1:]] for lines in blocks if lines}


def render(delivery: Delivery) -> str:
    """The snapshot of an assembly and of what stands beside it, ending in a newline."""
    blocks = sorted(
        f"{stack.name} / {name}\n" + "".join(f"  {line}\n" for line in sorted(lines))
        for stack in (*delivery.stacks, *delivery.beside)
        for name, lines in _grants(stack)
    )
    return HEADER + "\n" + "\n".join(blocks)


def _grants(stack: Stack) -> Iterator[tuple[str, list[str]]]:
    names = _Names(stack)
    for role in roles(stack):
        yield f"role {names.of(role.logical_id)}", _role_lines(role, names)
    for logical_id, each in stack.resources(*RESOURCE_POLICIES):
        document = each.get("Properties", {}).get(RESOURCE_POLICIES[each["Type"]])
        lines = _lines(statements(document), names)
        if lines:
            yield f"{each['Type']} {names.of(logical_id)}", lines
    for logical_id, each in stack.resources("AWS::Lambda::Permission"):
        yield f"{each['Type']} {logical_id}", [_flat(plain(each["Properties"]), names)]
    yield from _unattached(stack, names)


def _unattached(stack: Stack, names: _Names) -> Iterator[tuple[str, list[str]]]:
    """Policies for roles that the stack does not make: their rights would be seen nowhere else."""
    made = {f"<{role.logical_id}>" for role in roles(stack)}
    for logical_id, each in stack.resources(*POLICIES):
        body = plain(each.get("Properties", {}))
        attached = {*listed(body.get("Roles")), *listed(body.get("RoleName"))}
        others = sorted(str(name) for name in attached - made)
        if others or not attached:
            lines = _lines(statements(body.get("PolicyDocument")), names)
            whose = f" of {', '.join(others)}" if others else ""
            yield f"{each['Type']} {logical_id}{whose}", lines


def _role_lines(role: Role, names: _Names) -> list[str]:
    lines = [line.replace("allow  ", "trusted by", 1) for line in _lines(role.trust, names)]
    lines += [f"managed     {arn}" for arn in role.managed]
    boundary = role.properties.get("PermissionsBoundary")
    if boundary is not None:
        lines.append(f"boundary    {names.readable(plain(boundary))}")
    return lines + _lines(role.statements, names)


def _lines(found: list[dict[str, Any]], names: _Names) -> list[str]:
    """One line for each action on each resource or by each principal."""
    lines: set[str] = set()
    for statement in found:
        if "Effect" not in statement:
            # An expression in place of a statement: it is shown as it stands, and never left out.
            lines.add(_flat(statement, names))
            continue
        effect = f"{str(statement['Effect']).lower():<7}"
        excepted = [key for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement]
        conditions = (
            f"  if {_flat(statement['Condition'], names)}" if "Condition" in statement else ""
        )
        for action in listed(statement.get("Action", statement.get("NotAction"))):
            for subject in _subjects(statement, names):
                words = [effect, *excepted, str(action), subject]
                lines.add("  ".join(word for word in words if word) + conditions)
    return sorted(lines)


def _subjects(statement: dict[str, Any], names: _Names) -> list[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, dict):
        who = [f"{kind} {each}" for kind, value in principal.items() for each in listed(value)]
    else:
        who = [str(principal)] if principal else [""]
    what = listed(statement.get("Resource", statement.get("NotResource"))) or [""]
    return [names.readable("  ".join(filter(None, (w, str(r))))) for w in who for r in what]


def _flat(value: Any, names: _Names) -> str:
    return names.readable(json.dumps(value, sort_keys=True))


class _Names:
    """Logical ids as people know them: by physical name where a template gives one."""

    def __init__(self, stack: Stack) -> None:
        self._names = {
            logical_id: _physical(each.get("Properties", {}), logical_id)
            for logical_id, each in stack.resources()
        }

    def of(self, logical_id: str) -> str:
        return self._names.get(logical_id, logical_id)

    def readable(self, value: Any) -> str:
        """`value` with `<LogicalId.Arn>` as `<name>`."""
        return re.sub(
            r"<([A-Za-z0-9]+)(?:\.Arn)?>", lambda found: f"<{self.of(found[1])}>", str(value)
        )


def _physical(properties: dict[str, Any], logical_id: str) -> str:
    keys = ("RoleName", "BucketName", "TableName", "FunctionName", "LogGroupName", "Name")
    names = (plain(properties.get(key)) for key in (*keys, "StateMachineName", "QueueName"))
    found = [name for name in names if isinstance(name, str) and "<" not in name]
    return found[0] if found else logical_id
