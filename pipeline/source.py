"""Where the pipeline's source comes from, and which pushes start it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from settings import CodeCommitSource, ConnectionSource, S3Source, Source

ACTION_NAME: Final = "Source"

# A push that touches nothing else deploys nothing. `*` stays within a folder, `**` does not
# (CodePipeline user guide, "Working with glob patterns in syntax").
DOCUMENTATION: Final = ["docs/**", "*.md", "**/*.md"]


@dataclass(frozen=True)
class SourceAction:
    """The source step, and the variable that says which revision it took, as `#{…}`."""

    step: pipelines.CodePipelineSource
    revision: str


def source_action(scope: Construct, source: Source) -> SourceAction:
    """The Source stage's one action."""
    match source:
        case ConnectionSource():
            step = pipelines.CodePipelineSource.connection(
                source.repository,
                source.branch,
                connection_arn=source.connection_arn,
                action_name=ACTION_NAME,
                # It is the filtered triggers that start the pipeline (CodePipeline user guide,
                # "Automate starting pipelines using triggers and filtering", Detect changes).
                trigger_on_push=False,
            )
            return SourceAction(step, step.source_attribute("CommitId"))
        case CodeCommitSource():
            repository = codecommit.Repository.from_repository_name(
                scope, "Repository", source.repository
            )
            step = pipelines.CodePipelineSource.code_commit(
                repository,
                source.branch,
                action_name=ACTION_NAME,
                # The CDK's own rule has the branch in its name: see `start_on_push`.
                trigger=actions.CodeCommitTrigger.NONE,
            )
            return SourceAction(step, step.source_attribute("CommitId"))
        case S3Source():
            bucket = s3.Bucket.from_bucket_name(scope, "SourceBucket", source.bucket)
            # Events would ask the bucket's owner for a CloudTrail trail.
            step = pipelines.CodePipelineSource.s3(
                bucket, source.key, action_name=ACTION_NAME, trigger=actions.S3Trigger.POLL
            )
            return SourceAction(step, step.source_attribute("VersionId"))


def start_on_push(pipeline: codepipeline.Pipeline, source: Source) -> None:
    """Starts `pipeline` on pushes to the source's branch, and of a connection on those alone that
    are about more than documentation: the others have no such triggers. S3 is polled.

    Call it when the pipeline is built: `pipelines.CodePipeline` has no property for it.
    """
    match source:
        case ConnectionSource():
            _trigger(pipeline, source)
            _allow_renamed_connections(pipeline, source)
        case CodeCommitSource(repository, branch):
            found = codecommit.Repository.from_repository_name(pipeline, "Repository", repository)
            found.on_commit("Push", target=targets.CodePipeline(pipeline), branches=[branch])


def _trigger(pipeline: codepipeline.Pipeline, source: ConnectionSource) -> None:
    resource = pipeline.node.default_child
    if not isinstance(resource, codepipeline.CfnPipeline):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    push = codepipeline.CfnPipeline.GitPushFilterProperty(
        branches=codepipeline.CfnPipeline.GitBranchFilterCriteriaProperty(includes=[source.branch]),
        file_paths=codepipeline.CfnPipeline.GitFilePathFilterCriteriaProperty(
            excludes=DOCUMENTATION
        ),
    )
    resource.triggers = [
        codepipeline.CfnPipeline.PipelineTriggerDeclarationProperty(
            provider_type="CodeStarSourceConnection",
            git_configuration=codepipeline.CfnPipeline.GitConfigurationProperty(
                source_action_name=ACTION_NAME, push=[push]
            ),
        )
    ]


def _allow_renamed_connections(pipeline: codepipeline.Pipeline, source: ConnectionSource) -> None:
    # CDK grants the action by its old prefix only, and the prefix must be the ARN's: connections
    # made since 2024 have the new one (Developer Tools console user guide, "Connections rename").
    action = pipeline.node.find_child("Source").node.find_child(ACTION_NAME)
    role = action.node.find_child("CodePipelineActionRole")
    if not isinstance(role, iam.Role):
        raise TypeError(f"{role.node.path} is not the source action's role")
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["codeconnections:UseConnection"], resources=[source.connection_arn]
        )
    )
