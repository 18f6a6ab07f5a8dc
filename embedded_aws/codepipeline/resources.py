"""`AWS::CodePipeline::Pipeline`, as CloudFormation creates, updates and deletes it.

Source: CloudFormation template reference "aws-resource-codepipeline-pipeline": Ref is the name,
`Fn::GetAtt Version` the version. Creating a pipeline starts it; updating starts it only with
`RestartExecutionOnUpdate`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from embedded_aws import registry
from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.model import Structure
from embedded_aws.codepipeline.requests import StructureError
from embedded_aws.codepipeline.state import Pipeline

Provisioned = tuple[str, dict[str, str]]
"""The physical id, and the attributes for `Fn::GetAtt`."""

_NO_DEFINITION = frozenset({"Tags", "RestartExecutionOnUpdate"})
"""Properties whose change alone leaves the pipeline's definition as it is."""


def install(engine: Engine) -> None:
    """Registers the type; its pipelines run on the engine."""
    resource = PipelineResource(engine)
    registry.register_resource_type(
        "AWS::CodePipeline::Pipeline",
        create=resource.create,
        update=resource.update,
        delete=resource.delete,
    )


class PipelineResource:
    """The handlers that the emulator's CloudFormation calls on its event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self, logical_id: str, properties: Mapping[str, Any], stack_name: str
    ) -> Provisioned:
        """A new pipeline, started as CreatePipeline does; `ValueError` says what is wrong."""
        account, region = place = registry.place()
        name = properties.get("Name") or f"{stack_name}-{logical_id}-{secrets.token_hex(6)}"[:100]
        structure = _parsed(properties, name)
        if self._engine.state.has(place, name):
            raise ValueError(f"A pipeline with the name '{name}' already exists in this account")
        pipeline = Pipeline(account, region, structure, history={1: structure})
        with self._engine.state.changed:
            self._engine.state.add(pipeline)
        self._engine.start(pipeline, ("CreatePipeline", "AWSCloudFormation"))
        return name, {"Version": "1"}

    def update(
        self,
        physical_id: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        stack_name: str,
    ) -> Provisioned:
        """Gives the pipeline its new definition; another name replaces the pipeline."""
        if new.get("Name", physical_id) != physical_id:
            return self.create("Pipeline", new, stack_name)
        structure = _parsed(new, physical_id)
        pipeline = self._engine.state.get(registry.place(), physical_id)
        if _definition(old) != _definition(new):
            self._engine.update(pipeline, structure)
            if structure.restart_on_update:
                self._engine.start(pipeline, ("StartPipelineExecution", "AWSCloudFormation"))
        return physical_id, {"Version": str(pipeline.version)}

    def delete(self, physical_id: str, properties: Mapping[str, Any]) -> None:
        """Deletes the pipeline; one that is gone already is fine."""
        del properties
        if self._engine.state.has(registry.place(), physical_id):
            self._engine.delete(self._engine.state.get(registry.place(), physical_id))


def _parsed(properties: Mapping[str, Any], name: str) -> Structure:
    try:
        return parse(properties, name, registry.region())
    except StructureError as error:
        raise ValueError(f"AWS::CodePipeline::Pipeline {name}: {error}") from error


def _definition(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in properties.items() if k not in _NO_DEFINITION}
