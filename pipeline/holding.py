"""The build that asks whether an environment's stage is held, at the stage's entry.

It looks up what happened and what was decided, every time: the pipeline's own history says that a
stage was rolled back, the decision bucket says what people held and lifted. Nothing has to have
noted a rollback when it came, so no rollback can be missed (docs/decisions/2026-11-26-rollback.md).
Without an answer the build fails, and nobody enters.
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline import builds

STEP: Final = "held"
# What says whether a stage was rolled back, and whether a rollback is what asks.
_HISTORY: Final = (
    "codepipeline:GetPipelineState",
    "codepipeline:ListActionExecutions",
    "codepipeline:ListPipelineExecutions",
)


def held_project(
    scope: Construct,
    pipeline: codepipeline.Pipeline,
    name: str,
    *,
    artifacts: s3.Bucket,
    decisions: s3.Bucket,
) -> codebuild.PipelineProject:
    """The project `tap-pipeline-held`, which the pipeline called `name` may run.

    It is told TAP_STAGE, the stage's name, and TAP_EXECUTION, the execution that wants to enter.
    """
    log = builds.log_group(scope, STEP)
    project = codebuild.PipelineProject(
        scope,
        "Held",
        project_name=builds.project_name(STEP),
        description="Asks whether an environment is held, before anything is promoted to it",
        role=_role(scope, name, artifacts, decisions, log),
        environment=builds.environment(),
        timeout=builds.TIMEOUT,
        logging=builds.logging(log),
        encryption_key=artifacts.encryption_key,
        cache=builds.cache(),
        build_spec=builds.part(
            **builds.CACHE_SECTION,
            phases={
                "install": {
                    "runtime-versions": builds.RUNTIMES,
                    "commands": [builds.USE_CACHE, "bash scripts/install-python"],
                },
                "build": {"commands": ["bash scripts/held"]},
            },
        ),
    )
    # "CodeBuild rule", CodePipeline user guide: the pipeline's own role runs it.
    pipeline.add_to_role_policy(
        iam.PolicyStatement(
            actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
            resources=[project.project_arn],
        )
    )
    return project


def _role(
    scope: Construct,
    pipeline: str,
    artifacts: s3.Bucket,
    decisions: s3.Bucket,
    log: logs.LogGroup,
) -> iam.IRole:
    # By its name, which is for life: a reference would make the pipeline wait for the role that
    # waits for the pipeline.
    stack = cdk.Stack.of(scope)
    history = f"arn:aws:codepipeline:{stack.region}:{stack.account}:{pipeline}"
    return builds.role(
        scope,
        STEP,
        "Asks whether an environment is held: may read what happened and what was decided",
        artifacts=artifacts,
        log=log,
        may=(
            iam.PolicyStatement(actions=list(_HISTORY), resources=[history]),
            builds.allow(["s3:ListBucket"], decisions.bucket_arn),
            builds.allow(["s3:GetObject"], decisions.arn_for_objects("holds/*")),
        ),
    )
