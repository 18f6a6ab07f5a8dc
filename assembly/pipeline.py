"""Reads the delivery pipeline in a cloud assembly: stages, actions, builds and their buildspecs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

import yaml

from assembly.intended import PIPELINE_STACK
from assembly.templates import Assembly, Resource, Template
from assembly.text import listed, plain

PROJECT_TYPE: Final = "AWS::CodeBuild::Project"
PIPELINE_TYPE: Final = "AWS::CodePipeline::Pipeline"
DEPLOYS: Final = "Deploy/CloudFormation"
APPROVES: Final = "Approval/Manual"


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
    def namespace(self) -> str:
        """What its output variables begin with; empty when it has no namespace."""
        return str(self.declaration.get("Namespace", ""))

    @property
    def configuration(self) -> dict[str, Any]:
        return cast("dict[str, Any]", plain(self.declaration.get("Configuration", {})))

    @property
    def role(self) -> str:
        return str(plain(self.declaration.get("RoleArn", "")))

    @property
    def region(self) -> str:
        """Where it runs; empty for the pipeline's own region."""
        return str(plain(self.declaration.get("Region", "")))

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
    """One CodeBuild project with its buildspec, {} when the assembly holds none that is valid."""

    resource: Resource
    buildspec: dict[str, Any]

    @property
    def logical_id(self) -> str:
        return self.resource.logical_id

    @property
    def properties(self) -> dict[str, Any]:
        return self.resource.properties

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
        lists = [listed(phase.get(key)) for phase in phases for key in ("commands", "finally")]
        return [str(command) for each in lists for command in each]


@dataclass(frozen=True)
class Pipeline:
    """The one pipeline in the stack by which it deploys itself; ours unless told."""

    assembly: Assembly
    stack: str = PIPELINE_STACK

    @cached_property
    def template(self) -> Template:
        """Of the pipeline's stack. Raises NoAssemblyError without it."""
        return self.assembly.stack(self.stack)

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The pipeline's properties, {} without one; that there is one is a rule of the gates."""
        found = [each.properties for each in self.template.resources(PIPELINE_TYPE)]
        return found[0] if found else {}

    @cached_property
    def stages(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.properties.get("Stages", []))

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
        return list(builds_of(self.assembly, self.template))

    def build_of(self, action: Action) -> Build | None:
        """The project of the pipeline's stack that an action starts."""
        wanted = action.configuration.get("ProjectName")
        return next((b for b in self.builds if wanted in (f"<{b.logical_id}>", b.name)), None)


def builds_of(assembly: Assembly, template: Template) -> Iterator[Build]:
    """Every CodeBuild project of a template, with its buildspec."""
    for resource in template.resources(PROJECT_TYPE):
        yield Build(resource, _buildspec(assembly, resource))


def _buildspec(assembly: Assembly, project: Resource) -> dict[str, Any]:
    """From a file beside the template, or the text itself (CodeBuild user guide, "Buildspec")."""
    text = plain(project.properties.get("Source", {}).get("BuildSpec", ""))
    folder = project.template.file.rpartition("/")[0]
    beside = assembly.documents.get(f"{folder}/{text}" if folder else str(text))
    if beside is not None:
        return cast("dict[str, Any]", beside)
    try:
        parsed = yaml.safe_load(text) if isinstance(text, str) else None
    except yaml.YAMLError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
