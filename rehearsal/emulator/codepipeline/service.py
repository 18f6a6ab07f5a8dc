"""The one CodePipeline of this server, and how it joins the emulator."""

from __future__ import annotations

from rehearsal.emulator import registry
from rehearsal.emulator.codepipeline.actions import approval, build, deploy, source
from rehearsal.emulator.codepipeline.api import Api
from rehearsal.emulator.codepipeline.engine import Engine
from rehearsal.emulator.codepipeline.permissions import resource_arn
from rehearsal.emulator.codepipeline.resource import PipelineResource
from rehearsal.emulator.codepipeline.state import State

ENGINE = Engine(
    State(),
    {
        "CodeStarSourceConnection": source.fetch,
        "CodeBuild": build.build,
        "CloudFormation": deploy.deploy,
        "Manual": approval.ask,
    },
)


def install() -> None:
    """Registers the API and the CloudFormation resource type."""
    registry.register_service(
        "codepipeline",
        Api(ENGINE),
        target_prefixes=["CodePipeline_20150709"],
        iam_namespace="codepipeline",
        resource_arn=resource_arn,
    )
    resource = PipelineResource(ENGINE)
    registry.register_resource_type(
        "AWS::CodePipeline::Pipeline",
        create=resource.create,
        update=resource.update,
        delete=resource.delete,
    )
