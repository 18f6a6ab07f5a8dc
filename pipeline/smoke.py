"""The smoke tests that run in the pipeline right after a deployment, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from pipeline import builds
from pipeline.source import SourceAction
from settings import Environment, Settings

# CodeBuild user guide, "Test report permissions".
_REPORTING: Final = [
    "codebuild:CreateReport",
    "codebuild:UpdateReport",
    "codebuild:BatchPutTestCases",
]


def project_role_arn(settings: Settings, environment: Environment) -> str:
    """The role of an environment's smoke project, which that environment's smoke role trusts.

    Its name is fixed, so that the application can name it without an output of the pipeline.
    """
    name = builds.project_name(f"smoke-{environment.name}")
    return f"arn:aws:iam::{settings.tools_account}:role/{name}"


def smoke_step(
    scope: Construct,
    environment: Environment,
    *,
    source: SourceAction,
    artifacts: s3.Bucket,
    api_urls: Mapping[str, cdk.CfnOutput],
) -> pipelines.CodeBuildStep:
    """The step "Smoke": runs `scripts/smoke` as the environment's smoke role.

    api_urls: outputs with the addresses that it calls, by the suite's variable for each.

    Its JUnit report goes to a report group, also when tests fail; the page that people read is the
    step's artifact.
    """
    name = f"smoke-{environment.name}"
    logs = builds.log_group(scope, name)
    role = builds.role(
        scope,
        name,
        f"Runs the smoke tests of {environment.name}: may only assume its smoke role",
        artifacts=artifacts,
        log=logs,
        stores="Smoke",
        may=(
            builds.allow(["sts:AssumeRole"], environment.smoke_role_arn),
            builds.allow(_REPORTING, _report_group(scope, name).report_group_arn),
        ),
    )
    return pipelines.CodeBuildStep(
        "Smoke",
        input=source.step,
        project_name=builds.project_name(name),
        role=role,
        logging=builds.logging(logs),
        env={
            "TAP_ENVIRONMENT": environment.name,
            "TAP_SMOKE_ROLE_ARN": environment.smoke_role_arn,
            "TAP_COMMIT": source.revision,
        },
        env_from_cfn_outputs=dict(api_urls),
        install_commands=list(builds.INSTALL_TO_VERIFY),
        commands=["bash scripts/smoke"],
        cache=builds.cache(),
        partial_build_spec=builds.part(
            **builds.CACHE_SECTION, reports=_reports(cdk.Stack.of(scope), name)
        ),
        primary_output_directory="reports",
    )


def _report_group(scope: Construct, name: str) -> codebuild.ReportGroup:
    return codebuild.ReportGroup(
        scope,
        f"Reports-{name}",
        report_group_name=builds.project_name(name),
        type=codebuild.ReportGroupType.TEST,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        delete_reports=True,
    )


def _reports(stack: cdk.Stack, name: str) -> dict[str, object]:
    # By its ARN, since CodeBuild takes a name for a new group, <project>-<name> (CodeBuild user
    # guide, "Build specification reference", reports). Written out, since a name of ours is enough
    # to know it, and a buildspec without references is one that people can read.
    group = builds.project_name(name)
    arn = f"arn:aws:codebuild:{stack.region}:{stack.account}:report-group/{group}"
    report = {"files": ["smoke.xml"], "base-directory": "reports", "file-format": "JUNITXML"}
    return {arn: report}
