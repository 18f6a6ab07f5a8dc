"""The build that watches an environment's alarms after its smoke tests: the bake time.

CodePipeline's own rule `CloudWatchAlarm` looks at one alarm and passes at once while that is OK, so
a build looks, for as long as it takes, as the role of the environment's account that changes
nothing (docs/decisions/2026-11-26-bake-time.md).
"""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct

from pipeline import builds
from pipeline.asking import Question, artifact, ask
from pipeline.previewing import EXECUTION, Looking, look_role_arn, pipeline_arn
from pipeline.source import ACTION_NAME
from settings import Environment

# When the stage began, and whether a rollback is what asks.
_HISTORY: Final = ("codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions")
# That a build takes beside watching.
_MINUTES: Final = 8


def bake_rule(
    scope: Construct,
    pipeline: codepipeline.Pipeline,
    environment: Environment,
    *,
    looking: Looking,
) -> dict[str, Any]:
    """Makes the project `tap-pipeline-bake-<env>`; the configuration and the artifact of the rule
    that asks it.

    Call it when the pipeline is built: then its artifacts have names.
    """
    role = look_role_arn(environment, looking.region)
    question = Question(
        f"bake-{environment.name}",
        f"Watches the alarms of {environment.name} after a deployment",
        (
            f"bash scripts/bake tap-{environment.name}- --minutes {environment.bake_minutes} "
            f"--pipeline {looking.pipeline} --stage {environment.stage} "
            f'--execution "$TAP_EXECUTION" --role-arn {role}',
        ),
        {"TAP_EXECUTION": EXECUTION},
        (artifact(pipeline, ACTION_NAME),),
        (
            builds.allow(["sts:AssumeRole"], role),
            builds.allow(list(_HISTORY), pipeline_arn(scope, looking)),
        ),
        minutes=environment.bake_minutes + _MINUTES,
    )
    return ask(scope, pipeline, question, looking.artifacts)
