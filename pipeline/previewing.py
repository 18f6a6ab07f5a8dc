"""The stage "Preview": the page that the approver reads, made before anybody is asked.

The build runs guards alone, on what the gates judged and on AWS's own answers, so that what it says
does not depend on who wants the release. It looks at the guarded environment as a role there that
can execute nothing (accounts/bootstrap/previewing.py).

The page lies in the decision bucket under the execution's id, which the approval links.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from pipeline import builds
from pipeline.source import SourceAction
from settings import Environment

STAGE: Final = "Preview"
NAMESPACE: Final = "Preview"
EXECUTION: Final = "#{codepipeline.PipelineExecutionId}"
# The folder in which the build finds what the gates judged.
JUDGED: Final = "judged"
_NAME: Final = "preview"
# What `scripts/preview` writes, a value a line, in this order.
_SAID: Final = "reports/promotion.txt"
_VARIABLES: Final = ("changes", "digest", "running", "said")


@dataclass(frozen=True)
class Looking:
    """What a build needs that looks at the guarded environment. pipeline: its name. judged: the
    step whose artifact is deployed."""

    pipeline: str
    source: SourceAction
    judged: pipelines.CodeBuildStep
    artifacts: s3.Bucket
    guarded: Environment
    region: str

    @property
    def role_arn(self) -> str:
        """The role that looks at the guarded environment."""
        return look_role_arn(self.guarded, self.region)


def look_role_arn(environment: Environment, region: str) -> str:
    """The role in its account that looks: of the bootstrap, not of what is deployed."""
    account = environment.account
    return f"arn:aws:iam::{account}:role/cdk-hnb659fds-preview-role-{account}-{region}"


def variable(name: str) -> str:
    """What the page hands on, `#{…}`: changes ("true" or "false"), digest (hexadecimal), running
    (the commit that it was made against), said (a sentence)."""
    return f"#{{{NAMESPACE}.{name}}}"


def pipeline_arn(scope: Construct, looking: Looking) -> str:
    """Of the pipeline, in the account that these builds run in."""
    stack = cdk.Stack.of(scope)
    return f"arn:aws:codepipeline:{stack.region}:{stack.account}:{looking.pipeline}"


def page_address(bucket: str, region: str) -> str:
    """Where a person opens the page of the execution, signed in to the tools account; the same
    as ops.decisions says. bucket: of decisions."""
    place = f"{bucket}?region={region}&prefix=promotions/{EXECUTION}.html"
    return f"https://{region}.console.aws.amazon.com/s3/object/{place}"


def preview_step(
    scope: Construct, looking: Looking, decisions: s3.Bucket
) -> pipelines.CodeBuildStep:
    """Makes the page and keeps it; fails only when it could not look."""
    log = builds.log_group(scope, _NAME)
    role = builds.role(
        scope,
        _NAME,
        f"Says what a release would do to {looking.guarded.name}: looks, and keeps the page",
        artifacts=looking.artifacts,
        log=log,
        may=_may(scope, looking, decisions),
    )
    return pipelines.CodeBuildStep(
        "Page",
        input=looking.source.step,
        additional_inputs={JUDGED: looking.judged},
        project_name=builds.project_name(_NAME),
        role=role,
        logging=builds.logging(log),
        env={"TAP_COMMIT": looking.source.revision, "TAP_EXECUTION": EXECUTION},
        install_commands=list(builds.INSTALL_TO_VERIFY),
        commands=[
            f"bash scripts/preview {JUDGED} --pipeline {looking.pipeline} "
            f'--role-arn {looking.role_arn} --execution "$TAP_EXECUTION" --commit "$TAP_COMMIT"',
            *(
                f"export {name}=$(sed -n {line}p {_SAID})"
                for line, name in enumerate(_VARIABLES, 1)
            ),
            '[ "$changes" = true ] || [ "$changes" = false ]',
            '[ -n "$digest" ] && [ -n "$running" ] && [ -n "$said" ]',
        ],
        cache=builds.cache(),
        partial_build_spec=builds.part(
            **builds.CACHE_SECTION, env={"exported-variables": list(_VARIABLES)}
        ),
    )


def _may(
    scope: Construct, looking: Looking, decisions: s3.Bucket
) -> tuple[iam.PolicyStatement, ...]:
    """Look at the environment, at the pipeline's history and its tests; keep pages, no decision."""
    stack = cdk.Stack.of(scope)
    here = f"arn:aws:codebuild:{stack.region}:{stack.account}"
    ours = builds.project_name("*")
    return (
        builds.allow(["sts:AssumeRole"], looking.role_arn),
        builds.allow(
            [
                "codepipeline:GetPipelineState",
                "codepipeline:ListActionExecutions",
                "codepipeline:ListPipelineExecutions",
            ],
            pipeline_arn(scope, looking),
        ),
        builds.allow(["codebuild:BatchGetBuilds"], f"{here}:project/{ours}"),
        builds.allow(["codebuild:DescribeTestCases"], f"{here}:report-group/{ours}"),
        # Without it, S3 does not say that a page is missing, but that it may not be read.
        builds.allow(["s3:ListBucket"], decisions.bucket_arn),
        builds.allow(["s3:GetObject", "s3:PutObject"], decisions.arn_for_objects("promotions/*")),
    )


def name_variables(pipeline: codepipeline.Pipeline) -> None:
    """Gives what the page hands on a name that does not depend on CDK.

    Call it when the pipeline is built: `CodeBuildStep` has no property for it.
    """
    resource = pipeline.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{pipeline.node.path} has no AWS::CodePipeline::Pipeline")
    stage = [stage.stage_name for stage in pipeline.stages].index(STAGE)
    resource.add_property_override(f"Stages.{stage}.Actions.0.Namespace", NAMESPACE)
