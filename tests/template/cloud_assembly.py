"""A synthesized cloud assembly, read the way the tests talk about it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
# What synthesis reads, and what it only uses.
INPUTS = (
    "cdk.json",
    "package.json",
    "pipeline_app.py",
    "pipeline",
    "scripts",
    "services",
    "stages",
)
TOOLS = (".venv", "node_modules")


def synthesize(checkout: Path, out: Path) -> Assembly:
    """What the pipeline's own build command makes of `checkout`."""
    synth = [str(checkout / "scripts/synth"), "-o", str(out)]
    done = subprocess.run(synth, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Assembly(out)


def copy_checkout(destination: Path) -> Path:
    """A second checkout of the working tree, to be edited, that shares the installed tools."""
    destination.mkdir()
    for name in INPUTS:
        source = REPOSITORY / name
        ignore = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, destination / name, ignore=ignore)
        else:
            shutil.copy(source, destination / name)
    for name in TOOLS:
        (destination / name).symlink_to(REPOSITORY / name)
    return destination


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly's directory, and the pipeline in it."""

    directory: Path

    @cached_property
    def manifest(self) -> Any:
        return json.loads((self.directory / "manifest.json").read_text())

    @cached_property
    def template(self) -> Any:
        """The pipeline stack's template."""
        return json.loads((self.directory / "TapPipelineStack.template.json").read_text())

    def resources(self, resource_type: str) -> list[Any]:
        """The properties of every resource of a type."""
        resources = self.template["Resources"].values()
        return [each.get("Properties", {}) for each in resources if each["Type"] == resource_type]

    @property
    def pipeline(self) -> Any:
        """The properties of the one pipeline."""
        (pipeline,) = self.resources("AWS::CodePipeline::Pipeline")
        return pipeline

    def actions(self) -> Iterator[tuple[str, Any]]:
        """Every action with its stage's name, in the order in which they run."""
        for stage in self.pipeline["Stages"]:
            for action in sorted(stage["Actions"], key=lambda action: action["RunOrder"]):
                yield stage["Name"], action

    def action(self, stage: str, name: str) -> Any:
        (action,) = (a for s, a in self.actions() if (s, a["Name"]) == (stage, name))
        return action

    @property
    def projects(self) -> dict[str, Any]:
        """The properties of every CodeBuild project, by its name."""
        return {project["Name"]: project for project in self.resources("AWS::CodeBuild::Project")}

    def buildspec(self, project: str) -> Any:
        """A project's buildspec, whether it stands in the template or beside it."""
        text = self.projects[project]["Source"]["BuildSpec"]
        if not text.lstrip().startswith("{"):
            text = (self.directory / text).read_text()
        return yaml.safe_load(text)

    def commands(self, project: str) -> list[str]:
        """Every command of a project's buildspec, in order."""
        phases = self.buildspec(project)["phases"]
        return [command for phase in phases.values() for command in phase.get("commands", [])]


def plain(value: Any) -> Any:
    """`value` with CloudFormation's joins of literal texts joined, and references named."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(plain(part)) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return f"<{name}>"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
    return value
