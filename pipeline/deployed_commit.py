"""Tells every environment's stack which commit it is deployed from."""

from __future__ import annotations

import json
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline

from stages.application import DEPLOYED_COMMIT

# How CDK Pipelines ends the name of the action that makes a stack's change set.
_PREPARES: Final = "Prepare"


def tell_commit(pipeline: codepipeline.Pipeline, revision: str) -> None:
    """Sets the stacks' parameter. revision: a variable of the source action, `#{…}`.

    The pipeline knows the commit when it runs, so neither its own template nor the application's
    differs from one commit to the next for it; and a rollback tells the commit that it deploys.
    Source: "AWS CloudFormation deploy action reference" (ParameterOverrides) and "Variables
    reference", CodePipeline user guide.

    Call it when the pipeline is built: `pipelines.StackDeployment` has no property for it.
    """
    resource = pipeline.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    for stage_index, stage in enumerate(pipeline.stages):
        for action_index, action in enumerate(stage.actions):
            properties = action.action_properties
            if properties.provider == "CloudFormation" and properties.action_name.endswith(
                _PREPARES
            ):
                resource.add_property_override(
                    f"Stages.{stage_index}.Actions.{action_index}.Configuration.ParameterOverrides",
                    json.dumps({DEPLOYED_COMMIT: revision}),
                )
