"""Which stack of a cloud assembly is the pipeline's, and what its pipeline is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assembly.pipeline import PIPELINE_TYPE
from assembly.templates import Assembly, NoAssemblyError
from rehearsal.errors import NotSynthesizedError


@dataclass(frozen=True)
class PipelineStack:
    """selector: by which the CDK CLI selects it. name: the stack's. logical_id: the pipeline's in
    it. pipeline: its physical name, None where CloudFormation makes one up."""

    selector: str
    name: str
    logical_id: str
    pipeline: str | None


def pipeline_stack(directory: Path) -> PipelineStack:
    """The one stack of the assembly (not of its stages) that holds a pipeline.

    Raises NotSynthesizedError where there is none, or more than one.
    """
    try:
        found = list(pipeline_stacks(Assembly.read(directory)))
    except NoAssemblyError:
        found = []
    if len(found) != 1:
        raise NotSynthesizedError(
            f"{directory} holds {len(found)} pipelines instead of one: see `scripts/synth`"
        )
    return found[0]


def pipeline_stacks(assembly: Assembly) -> Iterator[PipelineStack]:
    """Every pipeline of the assembly's own stacks, in the order of their files."""
    for template in assembly.templates:
        # What is in a folder belongs to a stage, which a pipeline deploys.
        if template.stack is None or template.nested or "/" in template.file:
            continue
        for resource in template.resources(PIPELINE_TYPE):
            name = resource.properties.get("Name")
            yield PipelineStack(
                template.stack.artifact,
                template.stack.name,
                resource.logical_id,
                name if isinstance(name, str) else None,
            )
