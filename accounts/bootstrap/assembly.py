"""The resources that each account's stacks consist of, read from a synthesized cloud assembly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ACCOUNTS: Final = ("tools", "dev", "prod")
_FOLDERS: Final = {"dev": "assembly-TapPipelineStack-Dev", "prod": "assembly-TapPipelineStack-Prod"}
_STACKS: Final = {"tools": "tap-pipeline", "dev": "tap-dev", "prod": "tap-prod"}


@dataclass(frozen=True)
class Resource:
    """One declaration: its logical id, its type, and its properties as the template has them."""

    logical_id: str
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Account:
    """Everything that the pipeline deploys into one account, nested stacks included.

    name: "tools", "dev" or "prod". templates: of its stacks.
    """

    name: str
    templates: tuple[dict[str, Any], ...]

    @property
    def prefix(self) -> str:
        """What every name in the account begins with: its stack's name."""
        return _STACKS[self.name]

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources, or those of these types."""
        for template in self.templates:
            for logical_id, declaration in template["Resources"].items():
                if not types or declaration["Type"] in types:
                    properties = declaration.get("Properties", {})
                    yield Resource(logical_id, declaration["Type"], properties)

    def parameters(self) -> Iterator[dict[str, Any]]:
        """Every parameter of every template."""
        for template in self.templates:
            yield from template.get("Parameters", {}).values()


def read(assembly: Path, name: str) -> Account:
    """What the assembly deploys to the account of this name."""
    folder = assembly / _FOLDERS.get(name, "")
    paths = sorted(folder.glob("*.template.json"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no templates: synthesize first (scripts/synth)")
    return Account(name, tuple(json.loads(path.read_text()) for path in paths))


def plain(value: Any) -> str:
    """A template's text with joins joined and references as `<Name>`."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(plain(part) for part in parts)
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::Partition}", "aws")
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return f"<{name}>"
    return json.dumps(value)


def listed(value: Any) -> list[Any]:
    """What a policy may write alone or as a list, as a list."""
    return value if isinstance(value, list) else [value]
