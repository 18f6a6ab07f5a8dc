"""A build that a condition of a stage asks: its project, its role and the rule that runs it.

Sources: CodePipeline user guide, "CodeBuild rule": it takes several artifacts, `PrimarySource` says
whose scripts are run, and the pipeline's own role runs it; "RuleExecutionInput", CodePipeline API
reference: a rule's configuration may refer to variables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline import builds


@dataclass(frozen=True)
class Question:
    """What a build is asked.

    step: as in its name. about: a sentence for people. commands: that answer. told: variables by
    name. inputs: names of artifacts, the one with the scripts first. may: what its role may beside
    building. minutes: that it may take.
    """

    step: str
    about: str
    commands: tuple[str, ...]
    told: dict[str, str]
    inputs: tuple[str, ...]
    may: tuple[iam.PolicyStatement, ...]
    minutes: int = int(builds.TIMEOUT.to_minutes())


def ask(
    scope: Construct, pipeline: codepipeline.Pipeline, question: Question, artifacts: s3.Bucket
) -> dict[str, Any]:
    """Makes the project and lets the pipeline run it; the configuration and the artifacts of the
    rule that does."""
    project = _project(scope, question, artifacts)
    pipeline.add_to_role_policy(
        iam.PolicyStatement(
            actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
            resources=[project.project_arn],
        )
    )
    told = [{"name": n, "type": "PLAINTEXT", "value": value} for n, value in question.told.items()]
    return {
        "Configuration": {
            "ProjectName": project.project_name,
            "PrimarySource": question.inputs[0],
            "EnvironmentVariables": json.dumps(told),
        },
        "InputArtifacts": [{"Name": name} for name in question.inputs],
    }


def artifact(pipeline: codepipeline.Pipeline, action: str) -> str:
    """The name of what an action makes, once the pipeline is built."""
    for stage in pipeline.stages:
        for each in stage.actions:
            made = each.action_properties
            if made.action_name == action and made.outputs and made.outputs[0].artifact_name:
                return made.outputs[0].artifact_name
    raise ValueError(f"no action {action} of {pipeline.node.path} makes anything")


def _project(
    scope: Construct, question: Question, artifacts: s3.Bucket
) -> codebuild.PipelineProject:
    log = builds.log_group(scope, question.step)
    return codebuild.PipelineProject(
        scope,
        question.step.capitalize(),
        project_name=builds.project_name(question.step),
        description=question.about,
        role=builds.role(
            scope,
            question.step,
            f"{question.about}: looks, no more",
            artifacts=artifacts,
            log=log,
            may=question.may,
        ),
        environment=builds.environment(),
        timeout=cdk.Duration.minutes(question.minutes),
        logging=builds.logging(log),
        encryption_key=artifacts.encryption_key,
        cache=builds.cache(),
        build_spec=builds.part(
            **builds.CACHE_SECTION,
            phases={
                "install": {
                    "runtime-versions": builds.RUNTIMES,
                    "commands": list(builds.INSTALL_TO_VERIFY),
                },
                "build": {"commands": list(question.commands)},
            },
        ),
    )
