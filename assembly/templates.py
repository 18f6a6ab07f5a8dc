"""Reads a cloud assembly: every template in it, and which stack deploys it to which account.

A stage is an assembly of its own in a folder of the outer one. A nested stack's template is an
asset that its parent's template names by the address it is published at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import yaml

from assembly.assets import Asset, published
from assembly.text import plain

PATH: Final = "aws:cdk:path"
ASSET_PATH: Final = "aws:asset:path"
NESTED: Final = "AWS::CloudFormation::Stack"
_TEMPLATE: Final = ".template.json"
_PARSED: Final = (_TEMPLATE, ".assets.json", ".yaml", "manifest.json")


class NoAssemblyError(FileNotFoundError):
    """There is nothing to read: that must not look like nothing found."""


@dataclass(frozen=True)
class Stack:
    """How a template is deployed. account: 12 digits. disposable: may its data go with it?

    artifact: its id in the manifest, by which the CDK CLI selects it. bootstrap: the SSM parameter
    that holds the version of the bootstrap that it needs. region and account are words of the
    CDK's (`unknown-account`) where the app leaves them open.
    """

    name: str
    account: str
    termination_protection: bool
    disposable: bool
    region: str = ""
    artifact: str = ""
    bootstrap: str = ""


@dataclass(frozen=True)
class Template:
    """A template's content. stack is None for one that no stack of an assembly deploys.

    file: for people, relative to the assembly (or the checkout). directory: holds what the
    template mentions by a relative path. nested: is it deployed by another template's resource?
    """

    file: str
    body: dict[str, Any]
    directory: Path = field(default_factory=Path)
    stack: Stack | None = None
    nested: bool = False

    @property
    def name(self) -> str:
        """The stack's name, followed by the file's for a nested template."""
        if self.stack is None:
            return self.file
        if not self.nested:
            return self.stack.name
        return f"{self.stack.name} / {self.file.rpartition('/')[2].removesuffix(_TEMPLATE)}"

    @property
    def account(self) -> str:
        """Where it is deployed; empty without a stack."""
        return self.stack.account if self.stack else ""

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources, or those of these types."""
        for logical_id, declaration in self.body.get("Resources", {}).items():
            if not types or declaration.get("Type") in types:
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
        return str(self.declaration.get("Type"))

    @property
    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.declaration.get("Properties") or {}
        return properties

    @property
    def path(self) -> str:
        return self.template.path_of(self.logical_id)

    @property
    def disposable(self) -> bool:
        """May its data go? Only where a stack of a disposable environment says so."""
        stack = self.template.stack
        return stack is not None and stack.disposable


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly in memory.

    directory: where it was read, for the assets, which are not in memory. documents: parsed
    manifests, asset manifests, templates and buildspecs, by their path in it. disposable_accounts:
    where stacks may destroy data.
    """

    directory: Path
    documents: dict[str, Any]
    disposable_accounts: frozenset[str] = frozenset()

    @classmethod
    def read(cls, directory: Path, disposable_accounts: Iterable[str] = ()) -> Self:
        """Raises NoAssemblyError, which says what to do, where there is none."""
        if not (directory / "manifest.json").is_file():
            raise NoAssemblyError(f"{directory} is no cloud assembly: run scripts/synth first")
        read = cls(directory, _documents(directory), frozenset(disposable_accounts))
        if not read.templates:
            raise NoAssemblyError(f"{directory} has no templates: run scripts/synth first")
        return read

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Every template, nested ones included, in the order of their files."""
        deployed = dict(self._stacks())
        nested = dict(self._nested(deployed))
        return tuple(
            Template(
                file,
                body,
                self.directory / _folder(file),
                deployed.get(file) or nested.get(file),
                nested=file not in deployed,
            )
            for file, body in self.documents.items()
            if file.endswith(_TEMPLATE)
        )

    def resources(self, *types: str) -> Iterator[Resource]:
        """All resources of all templates, or those of these types."""
        for template in self.templates:
            yield from template.resources(*types)

    def stack(self, name: str) -> Template:
        """The template of the stack of this name. Raises NoAssemblyError without one."""
        for template in self.templates:
            if template.stack and not template.nested and template.stack.name == name:
                return template
        raise NoAssemblyError(f"{self.directory} has no stack {name}: run scripts/synth first")

    def in_account(self, account: str) -> tuple[Template, ...]:
        """Every template that is deployed to an account, nested ones included."""
        return tuple(each for each in self.templates if each.account == account)

    @cached_property
    def assets(self) -> tuple[Asset, ...]:
        """Every file asset, once for each asset manifest that publishes it."""
        return tuple(
            asset
            for file, manifest in self.documents.items()
            if file.endswith(".assets.json")
            for asset in published(file, manifest)
        )

    def _stacks(self) -> Iterator[tuple[str, Stack]]:
        """By template file, what the manifests say of each stack."""
        for file, manifest in self.documents.items():
            if file.rpartition("/")[2] != "manifest.json":
                continue
            for name, artifact in manifest.get("artifacts", {}).items():
                if artifact["type"] == "aws:cloudformation:stack":
                    yield (
                        _folder(file) + artifact["properties"]["templateFile"],
                        self._stack(name, artifact),
                    )

    def _stack(self, name: str, artifact: dict[str, Any]) -> Stack:
        properties = artifact["properties"]
        account, _, region = artifact["environment"].removeprefix("aws://").partition("/")
        return Stack(
            properties.get("stackName", name),
            account,
            bool(properties.get("terminationProtection")),
            account in self.disposable_accounts,
            region,
            artifact=name,
            bootstrap=properties.get("bootstrapStackVersionSsmParameter", ""),
        )

    def _nested(self, deployed: dict[str, Stack]) -> Iterator[tuple[str, Stack]]:
        """By template file, the stack that deploys each nested template, at any depth."""
        waiting = list(deployed.items())
        seen = set(deployed)
        while waiting:
            file, stack = waiting.pop()
            for resource in self.documents.get(file, {}).get("Resources", {}).values():
                child = self._child(file, resource) if resource.get("Type") == NESTED else None
                if child and child not in seen:
                    seen.add(child)
                    waiting.append((child, stack))
                    yield child, stack

    def nested_in(self, resource: Resource) -> Template | None:
        """The template that an AWS::CloudFormation::Stack deploys; None for one from elsewhere."""
        child = self._child(resource.template.file, resource.declaration)
        return next((each for each in self.templates if each.file == child), None)

    def _child(self, parent: str, resource: dict[str, Any]) -> str | None:
        """A nested stack's template by its address; by metadata in an assembly without assets."""
        address = str(plain(resource.get("Properties", {}).get("TemplateURL", "")))
        here = [each for each in self.assets if _folder(each.manifest) == _folder(parent)]
        for asset in here:
            if any(address.endswith(f"/{each.get('objectKey')}") for each in asset.destinations):
                return self._known(asset.file)
        if here:
            return None
        return self._known(_folder(parent) + str(resource.get("Metadata", {}).get(ASSET_PATH)))

    def _known(self, file: str) -> str | None:
        return file if file in self.documents else None


def template_file(path: Path, checkout: Path) -> Template:
    """A template that lies beside the assembly, such as a bootstrap template; YAML or JSON."""
    name = path.relative_to(checkout) if path.is_relative_to(checkout) else path
    return Template(str(name), _parsed(path), path.parent)


def _documents(directory: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(directory)): _parsed(path)
        for path in sorted(directory.rglob("*"))
        if path.name.endswith(_PARSED)
        and not any(part.startswith("asset.") for part in path.relative_to(directory).parts[:-1])
        # A file that is published as it is may be YAML of any kind.
        and not (path.name.startswith("asset.") and path.suffix == ".yaml")
    }


def _parsed(path: Path) -> Any:
    # JSON is YAML, but reads twenty times as fast as JSON.
    if path.suffix == ".json":
        return json.loads(path.read_text())
    return yaml.safe_load(path.read_text())


def _folder(file: str) -> str:
    return file[: len(file) - len(file.rpartition("/")[2])]
