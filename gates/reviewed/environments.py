"""The reviewed texts of what environments consist of.

The first environment in full, a file a stack, with `<environment>` and `<account>` in place of its
own; every other one by what it has otherwise: nothing is written, or reviewed, twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from assembly.intended import stack_name
from assembly.templates import NESTED, Template
from gates.delivery import Delivery
from gates.neutral import neutral
from gates.reviewed.blocks import Blocks, added, text_of
from gates.reviewed.names import Names
from gates.reviewed.resources import blocks, sections
from settings import Environment

FULL: Final = "environment"
_HEADER: Final = """\
# What every environment consists of{part}, as the first one has it. What the others have otherwise
# is in files of their own names. Reviewed: a change here is deployed by the next push. Written by
# `make accept`.
"""
_OTHERWISE: Final = """\
# What {name} has otherwise than the first environment. Reviewed: a change here is a difference
# between what is tested and what is delivered. Written by `make accept`.
"""


def texts(delivery: Delivery) -> dict[str, str]:
    """The texts by the names of their files."""
    first, *others = delivery.intended.environments
    parts = by_part(delivery, first)
    found = {
        f"{FULL}{part and f'-{part}'}.txt": text_of(_header(part), content)
        for part, content in parts.items()
    }
    for each in others:
        differing = otherwise(whole(parts), whole(by_part(delivery, each)))
        found[f"{each.name}.txt"] = text_of(_OTHERWISE.format(name=each.name), differing)
    return found


def _header(part: str) -> str:
    return _HEADER.format(part=f" in its nested stack {part}" if part else "")


def whole(parts: dict[str, Blocks]) -> Blocks:
    """The blocks of all parts; those of the same title belong to the same thing."""
    found: Blocks = {}
    for part, content in parts.items():
        for title, lines in content.items():
            own = title in ("stack", "tags")
            added(found, f"{part} {title}".strip() if own else title, lines)
    return found


def by_part(delivery: Delivery, environment: Environment) -> dict[str, Blocks]:
    """The blocks of an environment: of its stack under "", of each nested one under its name."""
    root = delivery.assembly.stack(stack_name(environment))
    names = Names(delivery.assembly, root)
    found = {"": _of(names, root, environment) | _about(names, root, environment)}
    for template in names.templates:
        if template.nested:
            part = _part(names, template)
            found[part] = _of(names, template, environment)
    return found


def _of(names: Names, template: Template, environment: Environment) -> Blocks:
    content = blocks(names, (template,)) | _section(names, template)
    return _neutral(content, environment)


def _section(names: Names, template: Template) -> Blocks:
    lines = sections(names, template)
    return {"stack": lines} if lines else {}


def _about(names: Names, root: Template, environment: Environment) -> Blocks:
    stack = root.stack
    protected = "yes" if stack is not None and stack.termination_protection else "no"
    lines = _neutral(_section(names, root), environment).get("stack", [])
    return {"stack": [f"protected from deletion: {protected}", *lines]}


def _part(names: Names, template: Template) -> str:
    """What a nested stack is called: as its construct."""
    for parent in names.templates:
        for resource in parent.resources(NESTED):
            if names.assembly.nested_in(resource) is template:
                name = names.of(resource).partition(".NestedStack")[0]
                return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return "unknown"


def _neutral(content: Blocks, environment: Environment) -> Blocks:
    return {
        neutral(title, environment): [neutral(line, environment) for line in lines]
        for title, lines in content.items()
    }


def otherwise(first: Blocks, other: Blocks) -> Blocks:
    """What the other has and lacks, by the titles of blocks that differ."""
    found: Blocks = {}
    for title in sorted({*first, *other}):
        lines = [*_differences(first.get(title, []), other.get(title, []))]
        if lines:
            found[title] = lines
    return found


def _differences(first: list[str], other: list[str]) -> Iterator[str]:
    has, lacks = Counter(other) - Counter(first), Counter(first) - Counter(other)
    yield from (f"lacks  {line}" for line in lacks.elements())
    yield from (f"has    {line}" for line in has.elements())
