"""Synthesizes checkouts for tests, and reads what came of it the way tests talk about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from assembly import templates
from assembly.intended import Intended
from assembly.pipeline import Pipeline

REPOSITORY = Path(__file__).resolve().parents[2]
# What no synthesis and no gate reads.
LEFT_OUT = ("benchmarks/", "docs/", "embedded_aws/", "ops/", "rehearsal/", "tests/")
TOOLS = (".venv", "node_modules")


def synthesize(checkout: Path, out: Path) -> Assembly:
    """What the pipeline's own build command makes of `checkout`."""
    synth = [str(checkout / "scripts/synth"), "-o", str(out)]
    done = subprocess.run(synth, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Assembly(out)


def copy_checkout(destination: Path, *, more: tuple[str, ...] = ()) -> Path:
    """A second checkout of the working tree, to be edited, that shares the installed tools.

    more: files and folders that it holds besides what builds read.
    """
    destination.mkdir()
    for name in _committed():
        if not name.startswith(LEFT_OUT) or name.startswith(more):
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, destination / name, follow_symlinks=False)
    for name in TOOLS:
        (destination / name).symlink_to(REPOSITORY / name)
    return destination


@lru_cache
def _committed() -> tuple[str, ...]:
    """Every file of the working tree that a commit would hold."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    names = sorted({*done.stdout.split("\0")} - {""})
    return tuple(name for name in names if os.path.lexists(REPOSITORY / name))


def share_staged_assets(checkout: Path) -> None:
    """Lets a copy use what this checkout staged: right where it ships the same functions."""
    (REPOSITORY / ".build").mkdir(exist_ok=True)
    (checkout / ".build").symlink_to(REPOSITORY / ".build")


def with_settings(checkout: Path, *, more: tuple[str, ...] = (), **changes: Any) -> Assembly:
    """A copy of the working tree at `checkout`, synthesized with other settings into its cdk.out.

    changes: of the context "tap" in its cdk.json.
    """
    copy_checkout(checkout, more=more)
    share_staged_assets(checkout)
    file = checkout / "cdk.json"
    content = json.loads(file.read_text())
    content["context"]["tap"] |= changes
    file.write_text(json.dumps(content))
    return synthesize(checkout, checkout / "cdk.out")


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly's directory, and the pipeline in it."""

    directory: Path

    @cached_property
    def read(self) -> templates.Assembly:
        """As our reader has it, with the disposable accounts of this checkout's settings."""
        disposable = Intended.of_checkout(REPOSITORY).disposable_accounts
        return templates.Assembly.read(self.directory, disposable)

    @cached_property
    def reader(self) -> Pipeline:
        """The pipeline, as our reader has it."""
        return Pipeline(self.read)

    @property
    def manifest(self) -> Any:
        return self.read.documents["manifest.json"]

    @property
    def template(self) -> Any:
        """The pipeline stack's template."""
        return self.reader.template.body

    def resources(self, resource_type: str) -> list[Any]:
        """The properties of every resource of a type in the pipeline's stack."""
        return [each.properties for each in self.reader.template.resources(resource_type)]

    @property
    def pipeline(self) -> Any:
        """The properties of the one pipeline."""
        (pipeline,) = self.resources("AWS::CodePipeline::Pipeline")
        return pipeline

    def actions(self) -> Iterator[tuple[str, Any]]:
        """Every action's declaration with its stage's name, in the order in which they run."""
        for action in self.reader.actions:
            yield action.stage, action.declaration

    def action(self, stage: str, name: str) -> Any:
        (action,) = (a for s, a in self.actions() if (s, a["Name"]) == (stage, name))
        return action

    @property
    def projects(self) -> dict[str, Any]:
        """The properties of every CodeBuild project, by its name."""
        return {build.name: build.properties for build in self.reader.builds}

    def buildspec(self, project: str) -> Any:
        """A project's buildspec, whether it stands in the template or beside it."""
        return next(build.buildspec for build in self.reader.builds if build.name == project)

    def commands(self, project: str) -> list[str]:
        """Every command of a project's buildspec, in order."""
        return next(build.commands for build in self.reader.builds if build.name == project)

    def variables(self, stage: str, action: str) -> dict[str, str]:
        """What an action of a stage adds to its project's environment."""
        configuration = self.action(stage, action)["Configuration"]
        return {v["name"]: v["value"] for v in json.loads(configuration["EnvironmentVariables"])}
