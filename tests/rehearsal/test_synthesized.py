"""Proves that the pipeline is found in an assembly by what it is, whatever its names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.errors import NotSynthesizedError
from rehearsal.synthesized import PipelineStack, pipeline_stack


def write(assembly: Path, **pipelines: str | None) -> Path:
    """An assembly with a stack of each construct id, and in it a pipeline of that name or none."""
    artifacts = {}
    for stack, pipeline in pipelines.items():
        kind = "AWS::CodePipeline::Pipeline" if pipeline else "AWS::SNS::Topic"
        resources = {"It": {"Type": kind, "Properties": {"Name": pipeline}}}
        (assembly / f"{stack}.template.json").write_text(json.dumps({"Resources": resources}))
        artifacts[stack] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/us-west-2",
            "properties": {"templateFile": f"{stack}.template.json", "stackName": f"the-{stack}"},
        }
    artifacts["Tree"] = {"type": "cdk:tree", "properties": {"file": "tree.json"}}
    (assembly / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return assembly


def test_the_stack_with_the_pipeline_is_found(tmp_path: Path) -> None:
    assembly = write(tmp_path, Other=None, Delivery="release")
    assert pipeline_stack(assembly) == PipelineStack("Delivery", "the-Delivery", "It", "release")


@pytest.mark.parametrize("pipelines", [{}, {"One": "a", "Two": "b"}, {"One": None}])
def test_none_and_several_are_refused(tmp_path: Path, pipelines: dict[str, str | None]) -> None:
    with pytest.raises(NotSynthesizedError, match="instead of one"):
        pipeline_stack(write(tmp_path, **pipelines))


def test_a_folder_without_an_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotSynthesizedError, match="holds 0 pipelines"):
        pipeline_stack(tmp_path)
