"""The build that an environment's stage asks at its entry whether an execution may come in.

Is the environment held? It looks that up, every time: the pipeline's own history says that a stage
was rolled back, the decision bucket says what people held and lifted. Nothing has to have noted a
rollback when it came, so no rollback can be missed (docs/decisions/2026-11-26-rollback.md).

Of the guarded environment besides: is this what was approved? What is about to be deployed is held
against what the page of this execution said: the same release, and an environment that still runs
what the page was made against. Here and not after the approval: an execution may wait between the
stages while another one deploys. And not as an action of the stage, where a refusal would be a
failure that rolls back an environment to which nothing was deployed. What it compares with are the
variables of the action that made the page, which CodePipeline keeps: nobody can write them later.

Without an answer the build fails, and nobody enters. One build asks both, since a build's machine
takes longer to come than the questions do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline import builds
from pipeline.asking import Question, artifact, ask
from pipeline.previewing import EXECUTION, Looking, pipeline_arn, variable
from pipeline.source import ACTION_NAME
from settings import Environment

# What says whether a stage was rolled back, and whether a rollback is what asks.
_HISTORY: Final = (
    "codepipeline:GetPipelineState",
    "codepipeline:ListActionExecutions",
    "codepipeline:ListPipelineExecutions",
)


def entry_rule(
    scope: Construct,
    pipeline: codepipeline.Pipeline,
    environment: Environment,
    *,
    looking: Looking,
    decisions: s3.Bucket,
) -> dict[str, Any]:
    """Makes the project `tap-pipeline-enter-<env>`; the configuration and the artifacts of the rule
    that asks it.

    Call it when the pipeline is built: then its artifacts have names.
    """
    source, judged = artifact(pipeline, ACTION_NAME), artifact(pipeline, looking.judged.id)
    guarded = environment == looking.guarded
    may = [
        builds.allow(list(_HISTORY), pipeline_arn(scope, looking)),
        builds.allow(["s3:ListBucket"], decisions.bucket_arn),
        builds.allow(["s3:GetObject"], decisions.arn_for_objects("holds/*")),
    ]
    told = {"TAP_EXECUTION": EXECUTION}
    if guarded:
        may.append(builds.allow(["sts:AssumeRole"], looking.role_arn))
        told["TAP_COMMIT"] = looking.source.revision
        told |= {"TAP_DIGEST": variable("digest"), "TAP_RUNNING": variable("running")}
    question = Question(
        f"enter-{environment.name}",
        f"Asks whether an execution may enter {environment.stage}",
        tuple(_commands(environment, looking, judged)),
        told,
        (source, judged) if guarded else (source,),
        tuple(may),
    )
    return ask(scope, pipeline, question, looking.artifacts)


def _commands(environment: Environment, looking: Looking, judged: str) -> Iterator[str]:
    asks = f'--pipeline {looking.pipeline} --execution "$TAP_EXECUTION"'
    yield f"bash scripts/held {environment.stage} {asks}"
    if environment == looking.guarded:
        # Where an artifact lies that is not the primary source: "Environment variables in build
        # environments", CodeBuild user guide.
        yield (
            f'bash scripts/confirm "$CODEBUILD_SRC_DIR_{judged}" {asks} '
            f'--role-arn {looking.role_arn} --commit "$TAP_COMMIT" '
            '--digest "$TAP_DIGEST" --running "$TAP_RUNNING"'
        )
