"""Values of a template with everything decided that is known at synthesis.

References lead where they end, also through the parameters and outputs of nested stacks; joins,
substitutions and mappings are carried out. What remains is `<name>` or `<name.Attribute>` of a
resource, parameter or pseudo parameter, or an expression that only CloudFormation can decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from assembly.references import OUTPUTS, parent_of, target_of
from assembly.templates import NESTED, Assembly, Resource, Template

Namer = Callable[[Resource], str]
_VARIABLE: Final = re.compile(r"\$\{([^!}]+)\}")


@dataclass(frozen=True)
class Resolver:
    """Decides the values of one template; name: how a resource is called in them."""

    assembly: Assembly
    template: Template
    name: Namer

    @cached_property
    def _resources(self) -> dict[str, Resource]:
        return {each.logical_id: each for each in self.template.resources()}

    @cached_property
    def _parent(self) -> Resource | None:
        return parent_of(self.assembly, self.template)

    def of(self, value: Any) -> Any:
        """The value, decided."""
        match value:
            case {"Ref": str()} | {"Fn::GetAtt": str() | [str(), str()]}:
                decided = self._referred(value)
            case {"Fn::Join": [str() as separator, list() as parts]}:
                decided = separator.join(str(self.of(part)) for part in parts)
            case {"Fn::Sub": str() as text}:
                decided = self._substituted(text, {})
            case {"Fn::Sub": [str() as text, dict() as values]}:
                decided = self._substituted(text, values)
            case {"Fn::FindInMap": [str() as mapping, first, second]}:
                decided = self._mapped(mapping, first, second, value)
            case dict():
                decided = {key: self.of(each) for key, each in value.items()}
            case _:
                decided = [self.of(each) for each in value] if isinstance(value, list) else value
        return decided

    def _referred(self, value: Any) -> Any:
        name, attribute = target_of(value)
        found = self._resources.get(name)
        if found is None:
            return self._given(name)
        if found.type == NESTED and attribute.startswith(OUTPUTS):
            return self._handed_out(found, attribute.removeprefix(OUTPUTS))
        return f"<{self.name(found)}{attribute and f'.{attribute}'}>"

    def _given(self, name: str) -> Any:
        """A parameter: of a nested stack, what its parent hands it."""
        if name == "AWS::Partition":
            return "aws"
        given = self._parent.properties.get("Parameters", {}).get(name) if self._parent else None
        if self._parent is None or given is None:
            return f"<{name}>"
        return Resolver(self.assembly, self._parent.template, self.name).of(given)

    def _handed_out(self, nested: Resource, output: str) -> Any:
        child = self.assembly.nested_in(nested)
        declared = child.body.get("Outputs", {}).get(output) if child else None
        if child is None or declared is None:
            return f"<{self.name(nested)}.{OUTPUTS}{output}>"
        return Resolver(self.assembly, child, self.name).of(declared.get("Value"))

    def _substituted(self, text: str, values: dict[str, Any]) -> str:
        def decided(found: re.Match[str]) -> str:
            name = found[1]
            if name in values:
                return str(self.of(values[name]))
            return str(self.of({"Fn::GetAtt": name} if "." in name else {"Ref": name}))

        return _VARIABLE.sub(decided, text)

    def _mapped(self, mapping: str, first: Any, second: Any, otherwise: Any) -> Any:
        table = self.template.body.get("Mappings", {}).get(mapping, {})
        row = table.get(str(self.of(first)), {})
        return row.get(str(self.of(second)), otherwise) if isinstance(row, dict) else otherwise
