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

Sources: CodePipeline user guide, "CodeBuild rule": it takes several artifacts, `PrimarySource` says
whose scripts are run, and the pipeline's own role runs it; "RuleExecutionInput", CodePipeline API
reference: a rule's configuration may refer to variables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline import builds
from pipeline.previewing import EXECUTION, Looking, pipeline_arn, variable
from pipeline.source import ACTION_NAME
from settings import Environment

# What says whether a stage was rolled back, and whether a rollback is what asks.
_HISTORY: Final = (
    "codepipeline:GetPipelineState",
    "codepipeline:ListActionExecutions",
    "codepipeline:ListPipelineExecutions",
)


@dataclass(frozen=True)
class _Entry:
    """What is asked where. judged: the artifact that is deployed, None where nobody approved it."""

    environment: Environment
    looking: Looking
    decisions: s3.Bucket
    judged: str | None

    @property
    def step(self) -> str:
        """As in the project's name."""
        return f"enter-{self.environment.name}"

    @property
    def told(self) -> dict[str, str]:
        """Who wants to enter; and with what, beside what the page said."""
        told = {"TAP_EXECUTION": EXECUTION}
        if self.judged:
            told["TAP_COMMIT"] = self.looking.source.revision
            told |= {"TAP_DIGEST": variable("digest"), "TAP_RUNNING": variable("running")}
        return told

    @property
    def questions(self) -> Iterator[str]:
        """The build's commands."""
        asks = f'--pipeline {self.looking.pipeline} --execution "$TAP_EXECUTION"'
        yield f"bash scripts/held {self.environment.stage} {asks}"
        if self.judged:
            # Where an artifact lies that is not the primary source: "Environment variables in
            # build environments", CodeBuild user guide.
            yield (
                f'bash scripts/confirm "$CODEBUILD_SRC_DIR_{self.judged}" {asks} '
                f'--role-arn {self.looking.role_arn} --commit "$TAP_COMMIT" '
                '--digest "$TAP_DIGEST" --running "$TAP_RUNNING"'
            )


def entry_rule(
    scope: Construct,
    pipeline: codepipeline.Pipeline,
    environment: Environment,
    *,
    looking: Looking,
    decisions: s3.Bucket,
) -> dict[str, Any]:
    """Makes the project `tap-pipeline-enter-<env>` and lets the pipeline run it; the configuration
    and the artifacts of the rule that does.

    Call it when the pipeline is built: then its artifacts have names.
    """
    guarded = environment == looking.guarded
    judged = _artifact(pipeline, looking.judged.id) if guarded else None
    entry = _Entry(environment, looking, decisions, judged)
    project = _project(scope, entry)
    pipeline.add_to_role_policy(
        iam.PolicyStatement(
            actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
            resources=[project.project_arn],
        )
    )
    source = _artifact(pipeline, ACTION_NAME)
    told = [{"name": n, "type": "PLAINTEXT", "value": value} for n, value in entry.told.items()]
    return {
        "Configuration": {
            "ProjectName": project.project_name,
            "PrimarySource": source,
            "EnvironmentVariables": json.dumps(told),
        },
        "InputArtifacts": [{"Name": name} for name in (source, judged) if name],
    }


def _artifact(pipeline: codepipeline.Pipeline, action: str) -> str:
    """The name of what an action makes."""
    for stage in pipeline.stages:
        for each in stage.actions:
            made = each.action_properties
            if made.action_name == action and made.outputs and made.outputs[0].artifact_name:
                return made.outputs[0].artifact_name
    raise ValueError(f"no action {action} of {pipeline.node.path} makes anything")


def _project(scope: Construct, entry: _Entry) -> codebuild.PipelineProject:
    log = builds.log_group(scope, entry.step)
    return codebuild.PipelineProject(
        scope,
        f"Enter-{entry.environment.name}",
        project_name=builds.project_name(entry.step),
        description=f"Asks whether an execution may enter {entry.environment.stage}",
        role=_role(scope, entry, log),
        environment=builds.environment(),
        timeout=builds.TIMEOUT,
        logging=builds.logging(log),
        encryption_key=entry.looking.artifacts.encryption_key,
        cache=builds.cache(),
        build_spec=builds.part(
            **builds.CACHE_SECTION,
            phases={
                "install": {
                    "runtime-versions": builds.RUNTIMES,
                    "commands": [builds.USE_CACHE, "bash scripts/install-python"],
                },
                "build": {"commands": list(entry.questions)},
            },
        ),
    )


def _role(scope: Construct, entry: _Entry, log: logs.LogGroup) -> iam.IRole:
    looks = [builds.allow(["sts:AssumeRole"], entry.looking.role_arn)] if entry.judged else []
    return builds.role(
        scope,
        entry.step,
        f"Asks whether an execution may enter {entry.environment.stage}: looks, no more",
        artifacts=entry.looking.artifacts,
        log=log,
        may=(
            builds.allow(list(_HISTORY), pipeline_arn(scope, entry.looking)),
            builds.allow(["s3:ListBucket"], entry.decisions.bucket_arn),
            builds.allow(["s3:GetObject"], entry.decisions.arn_for_objects("holds/*")),
            *looks,
        ),
    )
