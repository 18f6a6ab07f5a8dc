"""What a rehearsal must know of a cloud assembly: which stack is the pipeline's, and its name.

Cloud assembly: AWS CDK, `cloud-assembly-schema`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import NotSynthesizedError

_STACK = "aws:cloudformation:stack"
_PIPELINE = "AWS::CodePipeline::Pipeline"


@dataclass(frozen=True)
class PipelineStack:
    """stack: the construct id, by which the CDK CLI selects it. pipeline: the physical name."""

    stack: str
    pipeline: str


def pipeline_stack(assembly: Path) -> PipelineStack:
    """The one stack of the assembly (not of its stages) that holds a pipeline.

    Raises NotSynthesizedError where there is none, or more than one.
    """
    found = list(_pipelines(assembly)) if (assembly / "manifest.json").is_file() else []
    if len(found) != 1:
        raise NotSynthesizedError(
            f"{assembly} holds {len(found)} pipelines instead of one: see `scripts/synth`"
        )
    return found[0]


def _pipelines(assembly: Path) -> Iterator[PipelineStack]:
    manifest = json.loads((assembly / "manifest.json").read_text())
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == _STACK:
            template = json.loads((assembly / artifact["properties"]["templateFile"]).read_text())
            for resource in template.get("Resources", {}).values():
                if resource["Type"] == _PIPELINE:
                    yield PipelineStack(name, resource["Properties"]["Name"])
