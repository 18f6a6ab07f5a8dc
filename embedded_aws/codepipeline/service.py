"""The one CodePipeline of this server, and how it joins the emulator."""

from __future__ import annotations

from embedded_aws import registry
from embedded_aws.codepipeline.actions import approval, build, deploy, source
from embedded_aws.codepipeline.api import Api
from embedded_aws.codepipeline.engine import Engine
from embedded_aws.codepipeline.permissions import resource_arn
from embedded_aws.codepipeline.resource import PipelineResource
from embedded_aws.codepipeline.state import State

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
