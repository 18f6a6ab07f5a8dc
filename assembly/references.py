"""What a reference means, also where nested stacks hand it on to one another."""

from __future__ import annotations

from typing import Any

from assembly.templates import NESTED, Assembly, Resource, Template

OUTPUTS = "Outputs."


def resource_of(assembly: Assembly, template: Template, value: Any) -> Resource | None:
    """The resource that a Ref or Fn::GetAtt in a template means; None for anything else.

    Followed down, through a nested stack's outputs, and up, through its parameters.
    """
    name, attribute = target_of(value)
    found = next((each for each in template.resources() if each.logical_id == name), None)
    if found is None:
        parent = parent_of(assembly, template)
        given = parent.properties.get("Parameters", {}).get(name) if parent else None
        return resource_of(assembly, parent.template, given) if parent and given else None
    if found.type == NESTED and attribute.startswith(OUTPUTS):
        child = assembly.nested_in(found)
        outputs = child.body.get("Outputs", {}) if child else {}
        output = outputs.get(attribute.removeprefix(OUTPUTS), {}).get("Value")
        return resource_of(assembly, child, output) if child else None
    return found


def target_of(value: Any) -> tuple[str, str]:
    """Logical id and attribute of a Ref or Fn::GetAtt; empty where there is none."""
    match value:
        case {"Ref": str(name)}:
            return name, ""
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return name, attribute
        case {"Fn::GetAtt": str(both)}:
            name, _, attribute = both.partition(".")
            return name, attribute
    return "", ""


def parent_of(assembly: Assembly, template: Template) -> Resource | None:
    """The nested stack that deploys the template."""
    if not template.nested:
        return None
    return next((e for e in assembly.resources(NESTED) if assembly.nested_in(e) is template), None)
