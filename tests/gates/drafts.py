"""A cloud assembly in memory that a mutant may edit."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gates.delivery import Delivery


@dataclass(frozen=True)
class Draft:
    """A copy of a delivery; what its methods return is part of it, so edits are seen."""

    original: Delivery
    documents: dict[str, Any]
    scripts: dict[str, str]
    reviewed: dict[str, str]
    installs: dict[str, str]

    @classmethod
    def of(cls, delivery: Delivery) -> Draft:
        texts = (delivery.scripts, delivery.reviewed, delivery.installs)
        return cls(delivery, *copy.deepcopy((delivery.assembly.documents, *texts)))

    @property
    def delivery(self) -> Delivery:
        """As it is now, read anew."""
        assembly = replace(self.original.assembly, documents=self.documents)
        texts = {
            "scripts": self.scripts,
            "reviewed": self.reviewed,
            "installs": self.installs,
        }
        return replace(self.original, assembly=assembly, **texts)

    def template(self, stack: str = "tap-pipeline") -> dict[str, Any]:
        return self.delivery.assembly.stack(stack).body

    def resources(self, stack: str = "tap-pipeline") -> dict[str, Any]:
        resources: dict[str, Any] = self.template(stack)["Resources"]
        return resources

    def only(self, kind: str, stack: str = "tap-pipeline") -> Any:
        """The properties of the one resource of a type."""
        (found,) = (r["Properties"] for r in self.resources(stack).values() if r["Type"] == kind)
        return found

    def named(self, kind: str, name: str, stack: str = "tap-pipeline") -> Any:
        """The properties of the resource of a type whose `Name` or `RoleName` is `name`."""
        of_kind = (r["Properties"] for r in self.resources(stack).values() if r["Type"] == kind)
        (found,) = (each for each in of_kind if name in (each.get("Name"), each.get("RoleName")))
        return found

    def named_function(self, name: str, stack: str) -> Any:
        resources = self.resources(stack).values()
        functions = (r["Properties"] for r in resources if r["Type"] == "AWS::Lambda::Function")
        return next(each for each in functions if each["FunctionName"] == name)

    def rights_of(self, role: str, stack: str = "tap-pipeline") -> Any:
        """The statements of the role whose logical id starts so: of its policy, or its own."""
        resources = self.resources(stack)
        for each in resources.values():
            attached = each["Properties"].get("Roles") if each["Type"] == "AWS::IAM::Policy" else []
            if attached and attached[0]["Ref"].startswith(role):
                return each["Properties"]["PolicyDocument"]["Statement"]
        (found,) = (each for name, each in resources.items() if name.startswith(role))
        return found["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]

    @property
    def pipeline(self) -> Any:
        return self.only("AWS::CodePipeline::Pipeline")

    @property
    def stages(self) -> list[Any]:
        stages: list[Any] = self.pipeline["Stages"]
        return stages

    def stage(self, name: str) -> Any:
        return next(stage for stage in self.stages if stage["Name"] == name)

    def action(self, stage: str, name: str) -> Any:
        return next(a for a in self.stage(stage)["Actions"] if a["Name"] == name)

    def project(self, name: str) -> Any:
        return self.named("AWS::CodeBuild::Project", f"tap-pipeline-{name}")

    def buildspec(self, project: str, edit: Callable[[Any], object]) -> None:
        """Lets `edit` change a project's buildspec, in the template or beside it."""
        source = self.project(project)["Source"]
        if source["BuildSpec"] in self.documents:
            edit(self.documents[source["BuildSpec"]])
            return
        spec = json.loads(source["BuildSpec"])
        edit(spec)
        source["BuildSpec"] = json.dumps(spec)

    def add(
        self, logical_id: str, kind: str, stack: str = "tap-pipeline", **properties: Any
    ) -> None:
        self.resources(stack)[logical_id] = {"Type": kind, "Properties": properties}
