"""Reads a cloud assembly the way the rules talk about it: stacks, one pipeline, actions, builds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml

from assembly.intended import PIPELINE_STACK, Intended
from assembly.plain import plain

PROJECT = "AWS::CodeBuild::Project"
PIPELINE = "AWS::CodePipeline::Pipeline"
# Folders with templates that the pipeline does not deploy: owners of accounts do.
BESIDE = ("accounts/bootstrap",)
SMOKE_SETTINGS = "integ/pytest.ini"


@dataclass(frozen=True)
class Stack:
    """One template, nested ones included.

    file: relative to the assembly. account: of the environment it is deployed to. name: the
    stack's, or for a nested template its file's.
    """

    file: str
    name: str
    account: str
    protected: bool
    template: dict[str, Any]

    def resources(self, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and declaration of every resource of the types, of all without one."""
        for logical_id, declaration in self.template.get("Resources", {}).items():
            if not types or declaration.get("Type") in types:
                yield logical_id, declaration


@dataclass(frozen=True)
class Action:
    """One action of the pipeline; `position` orders it among all: stage, then run order."""

    stage: str
    position: tuple[int, int]
    declaration: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.declaration.get("Name"))

    @property
    def where(self) -> str:
        return f"{self.stage}/{self.name}"

    @property
    def kind(self) -> str:
        """Category and provider, such as "Deploy/CloudFormation"."""
        type_id = self.declaration.get("ActionTypeId", {})
        return f"{type_id.get('Category')}/{type_id.get('Provider')}"

    @property
    def configuration(self) -> dict[str, Any]:
        return cast("dict[str, Any]", plain(self.declaration.get("Configuration", {})))

    @property
    def role(self) -> str:
        return str(plain(self.declaration.get("RoleArn", "")))

    @property
    def inputs(self) -> list[str]:
        return [each["Name"] for each in self.declaration.get("InputArtifacts", [])]

    @property
    def outputs(self) -> list[str]:
        return [each["Name"] for each in self.declaration.get("OutputArtifacts", [])]

    @property
    def variables(self) -> list[dict[str, str]]:
        """What a CodeBuild action adds to or overrides in its project's environment."""
        return cast(
            "list[dict[str, str]]", json.loads(self.configuration.get("EnvironmentVariables", "[]"))
        )


@dataclass(frozen=True)
class Build:
    """One CodeBuild project with its buildspec, {} when that is no file of the assembly."""

    logical_id: str
    properties: dict[str, Any]
    buildspec: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.properties.get("Name", self.logical_id))

    @property
    def where(self) -> str:
        return f"CodeBuild project {self.name}"

    @property
    def role(self) -> str:
        return str(plain(self.properties.get("ServiceRole", "")))

    @property
    def environment(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.properties.get("Environment", {}))

    @property
    def variables(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.environment.get("EnvironmentVariables", []))

    @property
    def commands(self) -> list[str]:
        """Every command of every phase, those of `finally` included, in order."""
        phases = self.buildspec.get("phases", {}).values()
        lists = [phase.get(key, []) for phase in phases for key in ("commands", "finally")]
        return [str(command) for each in lists for command in each]


@dataclass(frozen=True)
class Delivery:
    """Everything the rules may look at, in memory.

    documents: parsed manifests, asset manifests, templates and buildspecs by their path in the
    assembly. scripts: text of what is in `scripts/`, and of integ/pytest.ini, by name. reviewed:
    the text of the snapshot of permissions.
    """

    documents: dict[str, Any]
    intended: Intended
    scripts: dict[str, str] = field(default_factory=dict)
    beside: tuple[Stack, ...] = ()
    reviewed: str = ""

    @classmethod
    def read(cls, assembly: Path, repository: Path, snapshot: Path) -> Delivery:
        """Reads the cloud assembly and the checkout that it was synthesized from."""
        scripts = {
            path.name: path.read_text()
            for path in (*sorted((repository / "scripts").iterdir()), repository / SMOKE_SETTINGS)
            if path.is_file()
        }
        return cls(
            documents=_documents(assembly),
            intended=Intended.read(repository),
            scripts=scripts,
            beside=tuple(_beside(repository)),
            reviewed=snapshot.read_text() if snapshot.exists() else "",
        )

    @cached_property
    def stacks(self) -> list[Stack]:
        """Every template of the assembly; the pipeline's is first."""
        stacks = [
            stack
            for file, manifest in self.documents.items()
            if _name(file) == "manifest.json"
            for stack in self._stacks_of(file.removesuffix("manifest.json"), manifest)
        ]
        return sorted(stacks, key=lambda stack: (stack.name != "tap-pipeline", stack.file))

    def _stacks_of(self, folder: str, manifest: dict[str, Any]) -> Iterator[Stack]:
        artifacts = manifest.get("artifacts", {}).values()
        declared = [each for each in artifacts if each["type"] == "aws:cloudformation:stack"]
        accounts = {each["environment"].split("/")[2] for each in declared}
        files = {folder + each["properties"]["templateFile"]: each for each in declared}
        for file, template in self.documents.items():
            if not file.endswith(".template.json") or _folder(file) != folder:
                continue
            properties = files.get(file, {}).get("properties", {})
            environment = files.get(file, {}).get("environment")
            yield Stack(
                file=file,
                name=properties.get("stackName", _name(file).removesuffix(".template.json")),
                account=environment.split("/")[2] if environment else ",".join(sorted(accounts)),
                protected=properties.get("terminationProtection", False),
                template=template,
            )

    @cached_property
    def pipeline_stack(self) -> Stack:
        """The stack the pipeline deploys itself as.

        Raises FileNotFoundError without it: no pipeline to judge is no clean one.
        """
        file = f"{PIPELINE_STACK}.template.json"
        for stack in self.stacks:
            if stack.file == file:
                return stack
        raise FileNotFoundError(f"the assembly has no {file}: run scripts/synth first")

    @cached_property
    def pipeline(self) -> dict[str, Any]:
        """The pipeline's properties, {} without one; that there is one is a rule of its own."""
        found = [each.get("Properties", {}) for _, each in self.pipeline_stack.resources(PIPELINE)]
        return found[0] if found else {}

    @cached_property
    def stages(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.pipeline.get("Stages", []))

    @cached_property
    def actions(self) -> list[Action]:
        """Every action in the order in which they run."""
        actions = [
            Action(stage["Name"], (index, declaration.get("RunOrder", 1)), declaration)
            for index, stage in enumerate(self.stages)
            for declaration in stage["Actions"]
        ]
        return sorted(actions, key=lambda action: action.position)

    def actions_in(self, stage: str) -> list[Action]:
        return [action for action in self.actions if action.stage == stage]

    @cached_property
    def builds(self) -> list[Build]:
        """Every CodeBuild project of the pipeline's stack."""
        return [
            Build(logical_id, each["Properties"], self._buildspec(each["Properties"]))
            for logical_id, each in self.pipeline_stack.resources(PROJECT)
        ]

    def build_of(self, action: Action) -> Build | None:
        """The project that an action starts."""
        wanted = action.configuration.get("ProjectName")
        return next((b for b in self.builds if wanted in (f"<{b.logical_id}>", b.name)), None)

    def _buildspec(self, project: dict[str, Any]) -> dict[str, Any]:
        text = plain(project.get("Source", {}).get("BuildSpec", ""))
        if isinstance(text, str) and text.lstrip().startswith("{"):
            return cast("dict[str, Any]", yaml.safe_load(text))
        return cast("dict[str, Any]", self.documents.get(str(text), {}))


def _documents(assembly: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(assembly)): yaml.safe_load(path.read_text())
        if path.suffix == ".yaml"
        else json.loads(path.read_text())
        for path in sorted(assembly.rglob("*"))
        if not any(part.startswith("asset.") for part in path.relative_to(assembly).parts)
        and (path.name.endswith((".template.json", ".assets.json", ".yaml")) or _manifest(path))
    }


def _beside(repository: Path) -> Iterator[Stack]:
    for folder in BESIDE:
        for path in sorted((repository / folder).glob("*.template.*")):
            template = yaml.safe_load(path.read_text())
            yield Stack(
                path.name, f"{path.parent.name} {path.name.partition('.')[0]}", "", True, template
            )


def _manifest(path: Path) -> bool:
    return path.name == "manifest.json"


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def _folder(file: str) -> str:
    return file[: len(file) - len(_name(file))]
