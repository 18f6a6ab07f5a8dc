"""What stands before the guarded environment: the stage "Promote"."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines

from settings import Environment

STAGE: Final = "Promote"
APPROVAL: Final = "Approve"


def promotion_steps(
    *, revision: str, tested: Environment, guarded: Environment
) -> list[pipelines.Step]:
    """The steps before the guarded environment, in a stage without stacks.

    The approval does not belong to the environment's stage: rolling that one back runs it again,
    and would then wait for a person. tested: the environment before it.
    """
    where = f"{guarded.name} ({guarded.account})"
    question = f"Deploy {revision} to {where}? Its smoke tests passed in {tested.name}."
    return [pipelines.ManualApprovalStep(APPROVAL, comment=question)]


def limit_wait(pipeline: codepipeline.Pipeline, *, minutes: int) -> None:
    """Rejects the approval when nobody answered within `minutes`.

    Call it when the pipeline is built: `ManualApprovalStep` has no property for it.
    """
    stage = [stage.stage_name for stage in pipeline.stages].index(STAGE)
    actions = pipeline.stages[stage].actions
    action = [action.action_properties.action_name for action in actions].index(APPROVAL)
    resource = pipeline.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    resource.add_property_override(f"Stages.{stage}.Actions.{action}.TimeoutInMinutes", minutes)
