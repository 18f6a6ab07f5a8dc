"""The first action of the guarded environment's stage: is this what was approved?

It holds what is about to be deployed against what the page of this execution said: the same
release, and an environment that still runs what the page was made against. Here and not after the
approval: an execution may wait between the stages while another one deploys. What it compares with
are the variables of the action that made the page, which CodePipeline keeps: nobody can write them
later.
"""

from __future__ import annotations

from typing import Final

from aws_cdk import pipelines
from constructs import Construct

from pipeline import builds
from pipeline.previewing import EXECUTION, JUDGED, Looking, pipeline_arn, variable

ACTION: Final = "Confirm"
_NAME: Final = "confirm"


def confirm_step(scope: Construct, looking: Looking) -> pipelines.CodeBuildStep:
    """Fails, and says why, unless the release is the one that was approved."""
    log = builds.log_group(scope, _NAME)
    role = builds.role(
        scope,
        _NAME,
        f"Says whether what is deployed to {looking.guarded.name} was approved: looks, no more",
        artifacts=looking.artifacts,
        log=log,
        may=(
            builds.allow(["sts:AssumeRole"], looking.role_arn),
            builds.allow(["codepipeline:GetPipelineExecution"], pipeline_arn(scope, looking)),
        ),
    )
    return pipelines.CodeBuildStep(
        ACTION,
        input=looking.source.step,
        additional_inputs={JUDGED: looking.judged},
        project_name=builds.project_name(_NAME),
        role=role,
        logging=builds.logging(log),
        env={
            "TAP_COMMIT": looking.source.revision,
            "TAP_EXECUTION": EXECUTION,
            "TAP_DIGEST": variable("digest"),
            "TAP_RUNNING": variable("running"),
        },
        install_commands=[builds.USE_CACHE, "bash scripts/install-python"],
        commands=[
            f"bash scripts/confirm {JUDGED} --pipeline {looking.pipeline} "
            f'--role-arn {looking.role_arn} --execution "$TAP_EXECUTION" --commit "$TAP_COMMIT" '
            '--digest "$TAP_DIGEST" --running "$TAP_RUNNING"',
        ],
        cache=builds.cache(),
        partial_build_spec=builds.part(**builds.CACHE_SECTION),
    )
