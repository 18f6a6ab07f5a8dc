"""What resources are called in the reviewed texts: by their place among the constructs.

Logical ids end with hashes, of the construct's path, which names the environment, and of an API's
deployment's content; the path within the stack has none, and says where in the code to look. Two
resources that claim the same path keep their logical ids, so that none hides behind another.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from itertools import takewhile

from assembly.resolved import Resolver
from assembly.templates import PATH, Assembly, Resource, Template


class Names:
    """The names of everything in a stack: of its template and of those nested in it."""

    def __init__(self, assembly: Assembly, root: Template) -> None:
        self.assembly = assembly
        self._root = root
        self.templates = tuple(
            each
            for each in assembly.templates
            if each is root or (each.nested and each.stack is not None and each.stack is root.stack)
        )

    @cached_property
    def _beginning(self) -> list[str]:
        """The parts of every path that are the stack's own."""
        paths = [each.path.split("/")[:-1] for each in self._root.resources() if _has_path(each)]
        same = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
        return [parts[0] for parts in same]

    @cached_property
    def _generated(self) -> re.Pattern[str]:
        """What the CDK puts into some paths: the id of another construct, with its hash."""
        stack = re.escape("".join(self._beginning)) or r"(?!)"
        return re.compile(rf"\.?{stack}\w*?[0-9A-F]{{8}}(?![0-9A-F])")

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        resources = [each for template in self.templates for each in template.resources()]
        claimed = {(each.template.file, each.logical_id): self._claimed(each) for each in resources}
        often = Counter(claimed.values())
        return {
            key: name if often[name] == 1 else f"{name} ({key[1]})" for key, name in claimed.items()
        }

    def _claimed(self, resource: Resource) -> str:
        if not _has_path(resource):
            return resource.logical_id
        parts = resource.path.split("/")
        if parts[: len(self._beginning)] == self._beginning:
            parts = parts[len(self._beginning) :]
        if len(parts) > 1 and parts[-1] in ("Resource", "Default"):
            parts = parts[:-1]
        return self._generated.sub("", "/".join(parts))

    def of(self, resource: Resource) -> str:
        """The name of a resource of one of the templates."""
        return self._names.get((resource.template.file, resource.logical_id), resource.logical_id)

    def resolver(self, template: Template) -> Resolver:
        """Decides values of one of the templates, with these names."""
        return Resolver(self.assembly, template, self.of)


def _has_path(resource: Resource) -> bool:
    return PATH in resource.declaration.get("Metadata", {})
