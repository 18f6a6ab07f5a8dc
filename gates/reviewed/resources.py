"""Every resource of a stack as a block of lines: what would be deployed, in full.

Left out is what says the same elsewhere or deploys nothing: metadata, the order of creation
(DependsOn), what is handed in and out of nested stacks (it is shown where it is used), and tags
that most resources of the stack carry, which stand once at its head.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from assembly.templates import NESTED, Resource, Template
from assembly.text import listed
from gates.reviewed.assets import named
from gates.reviewed.blocks import Blocks, Line, added, flat, lines_of
from gates.reviewed.names import Names
from gates.reviewed.permissions import is_of_roles_here, rights, rights_of_role
from gates.shape.roles import POLICIES, RESOURCE_POLICIES, ROLE

_LEFT_OUT: Final = {"Type", "Metadata", "DependsOn", "Properties"}
_RIGHTS: Final = {"AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies"}
_WIRING: Final = ("Parameters", "TemplateURL")

Tags = dict[str, str]


def blocks(names: Names, templates: tuple[Template, ...], *kinds_left_out: str) -> Blocks:
    """A block for each resource of the templates, in the order of their titles."""
    common = _common_tags(names, templates)
    found: Blocks = {}
    for template in templates:
        for resource in template.resources():
            if resource.type not in kinds_left_out:
                lines = _lines(resource, names, common)
                if lines:
                    added(found, f"{names.of(resource)}: {resource.type}", lines)
    if common:
        added(found, "tags", lines_of(sorted(common.items())))
    return dict(sorted(found.items()))


def _lines(resource: Resource, names: Names, common: Tags) -> list[str]:
    attributes = {k: each for k, each in resource.declaration.items() if k not in _LEFT_OUT}
    resolver = names.resolver(resource.template)
    properties = dict(resolver.of(resource.properties))
    found: list[str] = []
    if resource.type in POLICIES and is_of_roles_here(resource, names):
        # Its rights are among its roles'; what may be said of when it holds is not.
        return lines_of(flat(resolver.of(attributes)))
    if resource.type == ROLE:
        found = rights_of_role(resource, names)
        properties = {key: each for key, each in properties.items() if key not in _RIGHTS}
    if policy := RESOURCE_POLICIES.get(resource.type):
        found = rights(properties.pop(policy, None))
    if resource.type in POLICIES:
        found = rights(properties.pop("PolicyDocument", None))
    if resource.type == NESTED:
        url = str(properties.get("TemplateURL"))
        properties = {key: each for key, each in properties.items() if key not in _WIRING}
        key = url.rpartition("/")[2]
        properties["TemplateURL"] = named(names.assembly, resource.template, key)
    tags = lines_of(_tags(properties.pop("Tags", None), common))
    code = lines_of(_code(properties, names, resource.template))
    said = {**resolver.of(attributes), **properties}
    return [*(lines_of(flat(said)) or ["exists"] * (not found)), *code, *tags, *found]


def _code(properties: dict[str, Any], names: Names, template: Template) -> Iterator[Line]:
    """Takes out of the properties what names an asset, by what that holds."""
    for key in ("Code", "Content"):
        code = properties.get(key)
        if isinstance(code, dict) and "S3Key" in code:
            code = {**code}
            yield f"{key}", named(names.assembly, template, code.pop("S3Key"))
            properties[key] = code


def _tags(tags: Any, common: Tags) -> Iterator[Line]:
    """What a resource's tags have that is not common, and lack that is."""
    own = _by_key(tags)
    if own is None:
        yield from flat(tags, "Tags") if tags else ()
        return
    yield from ((f"Tags.{k}", v) for k, v in sorted(own.items()) if common.get(k) != v)
    yield from ((f"Tags.{k}", "not there") for k in sorted(set(common) - set(own)))


def _common_tags(names: Names, templates: tuple[Template, ...]) -> Tags:
    """Those that more than half of the resources with tags have."""
    tagged = [
        tags
        for template in templates
        for each in template.resources()
        if (tags := _by_key(names.resolver(template).of(each.properties.get("Tags"))))
    ]
    often = Counter(pair for tags in tagged for pair in tags.items())
    return {key: value for (key, value), count in often.items() if count * 2 > len(tagged)}


def _by_key(tags: Any) -> Tags | None:
    """Tags as a mapping; None for what is no list of them."""
    pairs = listed(tags)
    if not pairs or not all(isinstance(e, dict) and {"Key", "Value"} == set(e) for e in pairs):
        return None
    return {str(each["Key"]): str(each["Value"]) for each in pairs}


def sections(names: Names, template: Template) -> list[str]:
    """What a template says besides its resources; of a nested one, without what it hands on."""
    handed_on = ("Parameters", "Outputs") if template.nested else ()
    body = {k: e for k, e in template.body.items() if k not in ("Resources", *handed_on)}
    return lines_of(flat(names.resolver(template).of(body)))
