"""Reads what would be deployed: every template of a cloud assembly, and templates beside it.

Cloud assembly: AWS CDK, `cloud-assembly-schema`. A stage is an assembly of its own in a folder of
the outer one; a nested stack's template is an asset that only its parent's template mentions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from settings import Settings

PATH: Final = "aws:cdk:path"
ASSET_PATH: Final = "aws:asset:path"


@dataclass(frozen=True)
class Stack:
    """How a template is deployed. disposable: may its data be destroyed with it?"""

    name: str
    account: str
    termination_protection: bool
    disposable: bool


@dataclass(frozen=True)
class Template:
    """A template's content. stack is None for one that the assembly does not deploy itself.

    file: for people, relative to the assembly (or the checkout). directory: holds what the
    template mentions by a relative path. nested: is it deployed by another template's resource?
    """

    file: str
    body: dict[str, Any]
    directory: Path = field(default_factory=Path)
    stack: Stack | None = None
    nested: bool = False

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources, or those of these types."""
        for logical_id, declaration in self.body.get("Resources", {}).items():
            if not types or declaration["Type"] in types:
                yield Resource(self, logical_id, declaration)

    def path_of(self, logical_id: str) -> str:
        """A resource's construct path, or the file and the logical id where CDK left none."""
        declaration = self.body.get("Resources", {}).get(logical_id, {})
        path = declaration.get("Metadata", {}).get(PATH)
        return str(path) if path else f"{self.file}/{logical_id}" if logical_id else self.file


@dataclass(frozen=True)
class Resource:
    """One declaration in a template."""

    template: Template
    logical_id: str
    declaration: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.declaration["Type"])

    @property
    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.declaration.get("Properties") or {}
        return properties

    @property
    def path(self) -> str:
        return self.template.path_of(self.logical_id)

    @property
    def disposable(self) -> bool:
        """May its data go? Only where a stack of the disposable account says so."""
        stack = self.template.stack
        return stack is not None and stack.disposable


@dataclass(frozen=True)
class Assembly:
    """Everything that the gates judge. directory: the checkout, whose scripts buildspecs call."""

    templates: tuple[Template, ...]
    checkout: Path = field(default_factory=Path)

    def resources(self, *types: str) -> Iterator[Resource]:
        for template in self.templates:
            yield from template.resources(*types)


def read(
    directory: Path, *, disposable_accounts: Iterable[str], others: Iterable[Path], checkout: Path
) -> Assembly:
    """The assembly in `directory` and the template files `others`.

    disposable_accounts: where stacks may destroy data. Raises FileNotFoundError for an assembly
    without templates: nothing to judge must not look like nothing found.
    """
    disposable = frozenset(disposable_accounts)
    templates = [*_assembly_templates(directory, directory, disposable)]
    if not templates:
        raise FileNotFoundError(f"{directory} has no templates: run scripts/synth first")
    templates += [_template(path, path.parent, checkout) for path in others]
    return Assembly(tuple(templates), checkout)


def disposable_accounts(cdk_json: Path) -> list[str]:
    """The accounts whose data may go."""
    environments = Settings.of_checkout(cdk_json.parent).environments
    return [each.account for each in environments if each.disposable]


def _assembly_templates(folder: Path, root: Path, disposable: frozenset[str]) -> Iterator[Template]:
    stacks = _stacks(folder, disposable)
    stacks |= _nested(folder, stacks)
    for path in sorted(folder.glob("*.template.json")):
        nested = path.name.endswith(".nested.template.json")
        yield _template(path, folder, root, stacks.get(path.name), nested=nested)
    for inner in sorted(folder.glob("assembly-*/manifest.json")):
        yield from _assembly_templates(inner.parent, root, disposable)


def _template(
    path: Path, folder: Path, root: Path, stack: Stack | None = None, *, nested: bool = False
) -> Template:
    name = path.relative_to(root) if path.is_relative_to(root) else path
    body = _parsed(path)
    return Template(str(name), body, folder, stack, nested)


def _parsed(path: Path) -> Any:
    # JSON is YAML, but reads twenty times as fast as JSON.
    if path.suffix == ".json":
        return json.loads(path.read_text())
    return yaml.safe_load(path.read_text())


def _stacks(folder: Path, disposable: frozenset[str]) -> dict[str, Stack]:
    """By template file, what the manifest says of each stack."""
    manifest = json.loads((folder / "manifest.json").read_text())
    stacks = {}
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            properties = artifact["properties"]
            account = artifact["environment"].removeprefix("aws://").partition("/")[0]
            stacks[properties["templateFile"]] = Stack(
                properties.get("stackName", name),
                account,
                bool(properties.get("terminationProtection")),
                account in disposable,
            )
    return stacks


def _nested(folder: Path, stacks: dict[str, Stack]) -> dict[str, Stack]:
    """By template file, the stack that deploys each nested template, at any depth."""
    found: dict[str, Stack] = {}
    waiting = list(stacks.items())
    while waiting:
        file, stack = waiting.pop()
        for resource in json.loads((folder / file).read_text()).get("Resources", {}).values():
            child = resource.get("Metadata", {}).get(ASSET_PATH, "")
            if resource["Type"] == "AWS::CloudFormation::Stack" and (folder / child).is_file():
                found[child] = stack
                waiting.append((child, stack))
    return found
